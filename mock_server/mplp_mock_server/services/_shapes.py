"""Which members of a typed dictionary may be left out.

Its own `__optional_keys__` does not know: with postponed annotations, `Required[…]` is text when it is made.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NotRequired, Required, get_origin, get_type_hints

__all__ = ["optional_members"]


@cache
def optional_members(shape: Any) -> frozenset[str]:
    """The members of `shape`, a typed dictionary, that a value may lack."""
    hints = get_type_hints(shape, include_extras=True)
    return frozenset(
        name
        for name, hint in hints.items()
        if get_origin(hint) is NotRequired
        or (get_origin(hint) is not Required and name in shape.__optional_keys__)
    )
