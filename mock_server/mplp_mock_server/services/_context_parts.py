"""Kinds of the parts that a context has in the store."""

from __future__ import annotations

from typing import Final

__all__ = ["LEFT", "PRESENT", "SNAPSHOT"]

SNAPSHOT: Final = "snapshot"
"""A snapshot; its content is the context as it was."""

PRESENT: Final = "participant"
"""Somebody who takes part."""

LEFT: Final = "participant-left"
"""Somebody who took part, and has left: another kind, so that lists need not pass them over."""
