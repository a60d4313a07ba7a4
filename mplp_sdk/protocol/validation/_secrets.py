"""Secrets in data: told by the name they stand under, or by how they look. Used by the security rules, and by
everything that shows a value in a finding.

Both questions are asked of a whole object's JSON text first, in one pass of a regular expression that runs in
linear time. Only where the answer is yes is the object walked. Spec: protocol §4; Design-draft, security.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mplp_sdk.protocol.secrets import CLOUD_KEYS, MARKED_KEYS
from mplp_sdk.protocol.validation._paths import shorten
from mplp_sdk.protocol.validation._text import finder

__all__ = ["HIDDEN", "exposed", "is_secret_name", "looks_encrypted", "mask", "may_expose", "shown"]

HIDDEN: Final = "[redacted]"

_EXACT_NAMES: Final = r"jwt|pwd|token"
_NAME_ENDINGS: Final = (
    r"authorization|(?:api|access|secret|private|account|encryption|signing)[^a-z0-9\"]*key"
    r"|(?:access|api|auth|bearer|csrf|id|refresh|security|session|xsrf)[^a-z0-9\"]*token"
    r"|pass(?:word|wd|phrase|code)|secrets?|credentials?|connection[^a-z0-9\"]*string|cookies?"
)
# Keys that their makers mark, tokens, private keys, passwords in addresses. Two engines read it.
_VALUES: Final = (
    r"sk-[A-Za-z_-]*[0-9][A-Za-z0-9_-]{12,}"
    rf"|{'|'.join(MARKED_KEYS + CLOUD_KEYS)}|eyJ[A-Za-z0-9_-]{{8,}}\.eyJ[A-Za-z0-9_-]{{8,}}"
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY|[Bb]earer +[A-Za-z._~+/-]*[0-9][A-Za-z0-9._~+/-]{8,}"
)
_USER_INFO: Final = r"://[^\s/?#@\"'<>:]*:[^\s/?#@\"'<>*\[{$]+@"
_MARKED_VALUE: Final = rf"(^|[^A-Za-z0-9])(?:{_VALUES})|{_USER_INFO}"
_REFERENCE: Final = re.compile(
    r"\s*|\*+|[xX.•]+|\[.*\]|<.*>|\$?\{.*\}|\$[A-Za-z_]\w*|%\w+%|(?:env|vault|kms|ref|op|arn|keyring|secretref):.*"
    r"|none|null|redacted|masked|hidden|withheld",
    re.DOTALL,
)

_LONGEST_TEXT: Final = 200
_MOST_ITEMS: Final = 8
_DEEPEST: Final = 2
_MOST_BITS: Final = 256


# Without the boundary before it the engine can look for the marks alone, a hundred times as fast.
_mark_in = finder(f"{_VALUES}|{_USER_INFO}")
_value_in = finder(_MARKED_VALUE)
_ENDS: Final = (
    "zation key token word passwd phrase passcode secret secrets credential credentials string cookie cookies"
)
_EACH_CASE: Final = [
    case(end) for end in f"{_ENDS} jwt pwd".split() for case in (str.lower, str.title, str.upper)
]
# Nothing but texts to look for, which is as fast; what it lets through is asked for the whole name.
_end_in = finder(rf'(?:{"|".join(_EACH_CASE)})":')
_name_in = finder(rf'(?i)(?:"(?:{_EXACT_NAMES})|(?:{_NAME_ENDINGS}))":')
is_secret_name = finder(rf"(?i)(?:^(?:{_EXACT_NAMES})|(?:{_NAME_ENDINGS}))$")
"""Whether what stands under a name should not be readable."""


def may_expose(json_text: str) -> bool:
    """Whether the JSON text of an object may hold a secret; False is certain."""
    return _mark_in(json_text) or (_end_in(json_text) and _name_in(json_text))


def exposed(obj: Any) -> Iterator[tuple[tuple[object, ...], str]]:
    """Path and text of each secret in `obj` that anybody can read."""
    waiting: list[tuple[Any, tuple[object, ...], bool]] = [(obj, (), False)]
    while waiting:
        value, path, secret = waiting.pop()
        if isinstance(value, str):
            if _value_in(value) or (secret and not _REFERENCE.fullmatch(value)):
                yield path, value
        elif isinstance(value, dict) and not looks_encrypted(value):
            waiting += [
                (member, (*path, name), secret or is_secret_name(name))
                for name, member in reversed(value.items())
            ]
        elif isinstance(value, list):
            waiting += [(item, (*path, i), secret) for i, item in reversed([*enumerate(value)])]


def looks_encrypted(value: Mapping[Any, Any]) -> bool:
    """Whether an object says that it is an encrypted value."""
    return "ciphertext" in value or value.get("encrypted") is True


def mask(text: str) -> str:
    """`text` with its marked secrets replaced."""
    return re.sub(_MARKED_VALUE, rf"\1{HIDDEN}", text) if _mark_in(text) else text


def shown(value: Any, name: object = "", depth: int = _DEEPEST) -> Any:
    """`value` for a finding: JSON data, shortened, without secrets.

    Args:
        value: anything at all.
        name: what it stands under; a secret name hides every text.
        depth: levels of objects and arrays to show.
    """
    if isinstance(value, str):
        return _shown_text(value, name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MOST_BITS else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, dict):
        return _shown_object(value, name, depth)
    if isinstance(value, (list, tuple)):
        return _shown_array(value, name, depth)
    return f"a Python {type(value).__name__}"


def _shown_text(text: str, name: object) -> str:
    if is_secret_name(name):
        return HIDDEN
    # Cut before the search too, so that a text of any length costs little.
    text = text[: _LONGEST_TEXT * 4].encode("utf-8", "replace").decode()
    return shorten(mask(text), _LONGEST_TEXT)


def _shown_object(value: dict[Any, Any], name: object, depth: int) -> Any:
    if not depth:
        return "{…}" if value else {}
    under = name if is_secret_name(name) else ""
    first = [*zip(range(_MOST_ITEMS), value, strict=False)]
    written = {shorten(mask(str(key))): shown(value[key], under or key, depth - 1) for _, key in first}
    return written if len(value) <= _MOST_ITEMS else written | {"…": f"{len(value) - _MOST_ITEMS} more"}


def _shown_array(value: list[Any] | tuple[Any, ...], name: object, depth: int) -> Any:
    if not depth:
        return "[…]" if value else []
    written = [shown(item, name, depth - 1) for item in value[:_MOST_ITEMS]]
    return written if len(value) <= _MOST_ITEMS else [*written, f"… {len(value) - _MOST_ITEMS} more"]
