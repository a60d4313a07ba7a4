"""Identifiers: random where an object is new, derived where a name or key must lead to the same object again.

Spec: protocol §1.4; recording §1.
"""

from __future__ import annotations

import uuid

__all__ = ["agent_id", "context_id", "derived_id", "new_id"]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "mplp.dev")


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
