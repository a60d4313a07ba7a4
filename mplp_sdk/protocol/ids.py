"""Identifiers: random where an object is new, derived where a name or key must lead to the same object again.

Spec: protocol §1.4; recording §1.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

__all__ = ["LONGEST_TEXT", "PLAIN_TEXT", "agent_id", "context_id", "derived_id", "is_plain", "new_id"]

LONGEST_TEXT: Final = 255
"""Characters of the longest identifier that a server takes."""

PLAIN_TEXT: Final = (
    r"^[^\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+$"
)
"""Pattern, good for a JSON Schema too, of text that a line of a log can show as it is: no control characters,
none that cannot be seen, and none that turn the direction of what follows."""

_PLAIN: Final = re.compile(PLAIN_TEXT.removesuffix("$"))

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "mplp.dev")


def is_plain(text: str) -> bool:
    """Whether `text` can be an identifier: 1 to 255 characters, each of which can be seen."""
    if not 0 < len(text) <= LONGEST_TEXT:
        return False
    # All that the pattern leaves out cannot be printed, and asking that is faster.
    return text.isprintable() or _PLAIN.fullmatch(text) is not None


def new_id() -> str:
    """A new random identifier: a lower-case UUID of version 4."""
    return str(uuid.uuid4())


def derived_id(kind: str, *parts: str) -> str:
    """The identifier (UUID of version 5) that `kind` and `parts` always lead to, in every process.

    Parts are joined with a separator that no part can fake, so ("a", "bc") and ("ab", "c") differ.
    """
    name = "\x1f".join(part.replace("\x1f", "\x1f\x1f") for part in (kind, *parts))
    return str(uuid.uuid5(_NAMESPACE, name))


def agent_id(name: str) -> str:
    """Identifier of the agent called `name` (protocol §1.4)."""
    return derived_id("agent", name)


def context_id(project: str, key: str) -> str:
    """Identifier of the Context that a thread, session or team key stands for within one project."""
    return derived_id("context", project, key)
