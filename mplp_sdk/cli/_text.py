"""Recorded text on a terminal: it is untrusted, so it never becomes markup or an escape sequence."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any

from rich.text import Text

__all__ = ["duration", "plain", "shorten"]


def plain(text: str, style: str = "") -> Text:
    """`text` as it reads: markup stays literal, and control characters are shown as `\\x1b`."""
    return Text("".join(map(_visible, text)), style=style)


def _visible(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def shorten(value: Any, width: int = 72) -> str:
    """One line of at most `width` characters that shows a JSON value."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def duration(start: datetime, end: datetime | None) -> str:
    """How long something took; `open` while it has no end."""
    if end is None:
        return "open"
    seconds = (end - start).total_seconds()
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
