"""What must never reach the disk: secrets, told by the name they stand under or by how they look.

Used by the snapshot, which asks for every key and every text on its walk.

Most texts hold no secret, so the question has to be cheap: each pattern comes with short needles that every
match contains, and a pattern runs only where one of its needles is found.

Spec: recording §4, point 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mplp_sdk.protocol.secrets import CLOUD_KEYS, MARKED_KEYS

__all__ = ["REDACTED", "Redaction", "Redactor"]

REDACTED = "[redacted]"


@dataclass(frozen=True, kw_only=True)
class Redaction:
    """What to keep out of records, beyond the names and patterns that are always kept out."""

    keys: Sequence[str] = ()
    """Further names whose values are secret; case, dashes and underscores do not matter."""
    masks: Sequence[re.Pattern[str]] = ()
    """Further patterns; whatever they match is replaced."""
    drop_inputs: bool = False
    """Record no inputs of spans at all."""
    drop_outputs: bool = False
    """Record no outputs of spans at all."""


class _Pattern(NamedTuple):
    regex: re.Pattern[str]
    replacement: str


class _Group(NamedTuple):
    """Patterns that share a cheap question: can there be a match at all?"""

    gates: Mapping[str, re.Pattern[str] | None]
    """By needle. Lower-case text that holds a match holds a needle, and what its pattern finds."""
    patterns: tuple[_Pattern, ...]

    def may_match(self, lower: str) -> bool:
        return any(
            needle in lower and (gate is None or gate.search(lower) is not None)
            for needle, gate in self.gates.items()
        )


_WORD = (
    r"(?:authorization|(?:api|access|secret|private|account|encryption|signing)[-_ ]?key(?:[-_]?id)?"
    r"|pass(?:word|wd|phrase|code)|pwd|secret|credentials?|token|connection[-_ ]?string|cookie|jwt)"
)
# A quote may be escaped any number of times: JSON within JSON. The group is the quote.
_QUOTED = r"(\\*[\"'])(?:(?!\2).)*?(?:\2|\Z)"
_NOT_YET = r"(?!\\*[\"']?\[redacted\])"
_NAMES = _Group(
    {
        word: re.compile(word + rest + r"[\\\"']*\s*[:=,]")
        for word, rest in (
            ("token", ""),
            ("key", "(?:[-_]?id)?"),
            ("pass", "(?:word|wd|phrase|code)"),
            ("authorization", ""),
            ("secret", ""),
            ("pwd", ""),
            ("credential", "s?"),
            ("connection", "[-_ ]?string"),
            ("cookie", ""),
            ("jwt", ""),
        )
    },
    (
        # "name": "value", ("name", "value")
        _Pattern(
            re.compile(
                rf"(?is)({_WORD}\\*[\"']\s*[:=,]\s*){_NOT_YET}"
                rf"(?:{_QUOTED}|(?!null|true|false|none)[^\s\"',;&}}\]\\]+)"
            ),
            rf"\1\2{REDACTED}\2",
        ),
        # name=value: query strings, shell, connection strings, repr()
        _Pattern(
            re.compile(
                rf"(?is)({_WORD}\s*=\s*){_NOT_YET}(?!=)"
                rf"(?:{_QUOTED}|(?!none\b|true\b|false\b|null\b)[^\s\"',;&)}}\]\\]{{3,}})"
            ),
            rf"\1\2{REDACTED}\2",
        ),
        # name: value, where the value does not read like a word: headers, YAML, chat
        _Pattern(
            re.compile(
                rf"(?is)({_WORD}\s*:\s*){_NOT_YET}"
                rf"(?:{_QUOTED}|(?=[^\s,;]*[0-9!@#$%^&*+/=_])[^\s\"',;&)}}\]\\]{{4,}})"
            ),
            rf"\1\2{REDACTED}\2",
        ),
    ),
)
_SCHEMES = _Group(
    dict.fromkeys(("bearer", "basic", "digest")),
    (
        _Pattern(
            re.compile(r"(?i)\b(bearer|basic|digest)(\s+)(?=[^\s]*[0-9=+/._-])[A-Za-z0-9._~+/=:-]{8,}"),
            rf"\1\2{REDACTED}",
        ),
    ),
)
# scheme://user:password@host
_USER_INFO = _Group(
    {"@": re.compile(r"://[^\s@]*:[^\s@]*@")},
    (
        _Pattern(
            re.compile(r"(?<=://)[^\s/?#@\"'<>]*:[^\s/?#\"'<>]*@"),
            f"{REDACTED}@",
        ),
    ),
)
_PRIVATE_KEYS = _Group(
    {"private key": None},
    (
        _Pattern(
            re.compile(
                r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|\Z)"
            ),
            REDACTED,
        ),
    ),
)
_AMAZON_AND_GOOGLE = _Group(
    {
        "akia": re.compile("akia[0-9a-z]{16}"),
        "asia": re.compile("asia[0-9a-z]{16}"),
        "aiza": re.compile("aiza[0-9a-z_-]{30}"),
    },
    (
        _Pattern(
            re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(CLOUD_KEYS)})(?![A-Za-z0-9])"),
            REDACTED,
        ),
    ),
)
# Keys that their makers mark with a prefix. All have a long run behind a dash, an underscore or a dot.
_MARKED = _Group(
    {mark: re.compile(re.escape(mark) + "[a-z0-9_=-]{10}") for mark in "-_./"},
    (
        _Pattern(
            re.compile(
                r"(?<![A-Za-z0-9])(?:sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}"
                r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
                rf"|{'|'.join(MARKED_KEYS)})"
            ),
            REDACTED,
        ),
        _Pattern(re.compile(r"(hooks\.slack\.com/services/)[A-Za-z0-9/_-]+"), rf"\1{REDACTED}"),
    ),
)
_GROUPS = (_PRIVATE_KEYS, _USER_INFO, _SCHEMES, _NAMES, _AMAZON_AND_GOOGLE, _MARKED)

# One flat loop: `finds` runs for every value that is recorded.
_GATES = tuple((needle, gate, group.patterns) for group in _GROUPS for needle, gate in group.gates.items())

_KEY_NAMES = frozenset({"auth", "jwt", "pwd", "sas", "token", "xamzsecuritytoken"})
_KEY_ENDINGS = (
    "accesskey", "accesskeyid", "accesstoken", "accountkey", "apikey", "apitoken", "authorization",
    "authtoken", "bearertoken", "clientsecret", "connectionstring", "cookie", "credential", "credentials",
    "csrftoken", "encryptionkey", "idtoken", "passcode", "passphrase", "passwd", "password", "privatekey",
    "refreshtoken", "secret", "secretkey", "secrets", "securitytoken", "sessiontoken", "signingkey",
    "xsrftoken",
)  # fmt: skip
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_REMEMBERED = 4096
_LONGEST_REMEMBERED = 256


@dataclass(slots=True)
class Redactor:
    """Applies a `Redaction`. Raises nothing of its own; whatever a user's mask raises, the caller must not
    store.
    """

    redaction: Redaction = field(default_factory=Redaction)
    _names: frozenset[str] = field(init=False)
    known: dict[str, tuple[str, bool]] = field(init=False, default_factory=dict)
    """Names judged before, to be looked at before `judge` is called."""
    _harmless: set[str] = field(init=False, default_factory=set)
    """Short texts found to hold nothing: tags come with every step, and values go from step to step."""

    def __post_init__(self) -> None:
        self._names = _KEY_NAMES | {_plain(name) for name in self.redaction.keys}

    def judge(self, name: str) -> tuple[str, bool]:
        """The name of a member without secrets of its own, and whether its value must not be kept."""
        plain = _plain(name)
        verdict = self.clean(name), plain in self._names or plain.endswith(_KEY_ENDINGS)
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[name] = verdict
        return verdict

    def finds(self, text: str) -> bool:
        """Whether `text` holds anything that `clean` would replace."""
        if text in self._harmless:
            return False
        found = self._search(text)
        if not found and len(text) <= _LONGEST_REMEMBERED:
            if len(self._harmless) >= _REMEMBERED:
                self._harmless.clear()
            self._harmless.add(text)
        return found

    def _search(self, text: str) -> bool:
        lower = text.lower()
        for needle, gate, patterns in _GATES:
            if needle in lower and (gate is None or gate.search(lower) is not None):
                for pattern in patterns:
                    if pattern.regex.search(text) is not None:
                        return True
        return any(mask.search(text) is not None for mask in self.redaction.masks)

    def clean(self, text: str) -> str:
        """`text` without its secrets."""
        lower = text.lower()
        for group in _GROUPS:
            if group.may_match(lower):
                for regex, replacement in group.patterns:
                    text = regex.sub(replacement, text)
        for mask in self.redaction.masks:
            text = mask.sub(REDACTED, text)
        return text


def _plain(name: str) -> str:
    return _PUNCTUATION.sub("", name.lower())
