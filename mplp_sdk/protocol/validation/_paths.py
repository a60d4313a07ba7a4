"""Where in an object something was found, as text: `plan.tasks[3].name`. Spec: RFC §7.3.1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

__all__ = ["Step", "at", "shorten"]

Step = str | int

_plain_name = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*").fullmatch


def at(root: str, *steps: object) -> str:
    """The path from `root` over names of members and numbers of items."""
    return root + "".join(_spell(steps))


def _spell(steps: Iterable[object]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, int):
            yield f"[{step}]"
        elif _plain_name(name := shorten(str(step))):
            yield f".{name}"
        else:
            yield f"[{json.dumps(name)}]"


def shorten(text: str, width: int = 80) -> str:
    """`text`, or its beginning and an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"
