"""Null in a request: a member that is null is absent, as deep as the request's type knows what is optional.

Some writers of JSON say null for what they do not have. What the type does not know, such as the variables
of a context, is the caller's own: there a null is a value. Spec: protocol §1.1, §1.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

from mplp_mock_server.services import optional_members

__all__ = ["without_nulls"]


def without_nulls(shape: Any, value: Any) -> Any:
    """`value`, a request of the type `shape`, without the optional members inside its members that are null.

    Its own members are left alone: in a change, null removes one.
    """
    if isinstance(value, list) and (item := _item(shape)):
        return [without_nulls(item, one) for one in value]
    if not isinstance(value, dict) or not is_typeddict(shape):
        return value
    nested = _nested(shape)
    return {name: _cleared(nested[name], one) if name in nested else one for name, one in value.items()}


def _cleared(shape: Any, value: Any) -> Any:
    if isinstance(value, list) and (item := _item(shape)):
        return [_cleared(item, one) for one in value]
    if not isinstance(value, dict) or not is_typeddict(shape):
        return value
    absent = optional_members(shape)
    kept = {name: one for name, one in value.items() if one is not None or name not in absent}
    return without_nulls(shape, kept)


@cache
def _nested(shape: Any) -> Mapping[str, Any]:
    """The members of a typed dictionary that are typed dictionaries, or lists of them."""
    hints = get_type_hints(shape)
    return {name: kind for name, kind in hints.items() if is_typeddict(kind) or _item(kind)}


@cache
def _item(shape: Any) -> Any:
    """What a list of typed dictionaries holds; None for everything else."""
    arguments = get_args(shape)
    if get_origin(shape) is list and is_typeddict(arguments[0]):
        return arguments[0]
    return None
