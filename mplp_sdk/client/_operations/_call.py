"""`Call`: one endpoint with its arguments, ready to be sent and read; and what operations build it from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mplp_sdk.errors import (
    InvalidFormat,
    InvalidRequest,
    RequiredFieldMissing,
    ValidationFailed,
    ValueOutOfRange,
)
from mplp_sdk.models import Pagination
from mplp_sdk.protocol.ids import LONGEST_TEXT

__all__ = [
    "Call",
    "PageData",
    "acting",
    "deleting",
    "given",
    "listing",
    "mistake",
    "reader",
    "reading",
    "segment",
    "sending",
]

T = TypeVar("T")

MAX_PAGE_SIZE = 1000

_JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """What to ask of a server, and how to read its answer."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """Below the base path; percent-encoded."""
    read: Callable[[Any], T]
    """Makes the result of the answer's JSON data; raises ValueError where that is something else. None
    stands for an answer without a body."""
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Lower-case names."""
    versioned: bool = True
    """Whether the path is below `/v1.0`; `/health` and `/ready` are not."""

    @property
    def keyed(self) -> bool:
        """Whether the request carries an Idempotency-Key, so that sending it again has no second effect."""
        return self.method == "POST"

    def with_params(self, **params: str) -> Call[T]:
        """The same call with these query parameters set."""
        return dataclasses.replace(self, params={**self.params, **params})


class PageData(BaseModel, Generic[T]):
    """One page of a list, as the server wrote it."""

    items: list[T]
    pagination: Pagination


def segment(**named: str) -> str:
    """One id as a segment of a path, percent-encoded: `f"/plans/{segment(plan_id=plan_id)}"`.

    Many servers decode `%2F` before they choose the endpoint, and proxies resolve dots. An id that could
    become another path that way is refused, whoever it came from.

    Raises:
        InvalidFormat: the id cannot be one segment of a path.
    """
    [(name, value)] = named.items()
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        reason = f"an id is a text of 1 to {LONGEST_TEXT} characters, not {value!r:.80}"
        raise mistake(InvalidFormat, name, reason)
    if value in {".", ".."} or any(c in "/\\" or not c.isprintable() for c in value):
        raise mistake(InvalidFormat, name, f"{value!r:.80} cannot be part of a path")
    return quote(value, safe="")


def reading(path: str, answer: type[T]) -> Call[T]:
    """The call that reads what is at `path`."""
    return Call(method="GET", path=path, read=reader(answer))


def sending(
    method: Literal["POST", "PUT"],
    path: str,
    shape: Any,
    value: object,
    answer: type[T],
    *,
    if_match: str | None = None,
) -> Call[T]:
    """The call that sends `value`, checked against `shape` (a create-input or another type).

    Args:
        if_match: only while what is there has this ETag; None: whatever is there.

    Raises:
        RequiredFieldMissing, ValidationFailed: `value` is not what the protocol asks for. Nothing was sent;
            `details` has `field` and `reason` of the first mistake, and all of them in `errors`.
    """
    headers = _JSON_HEADERS if if_match is None else {**_JSON_HEADERS, "if-match": if_match}
    return Call(method=method, path=path, read=reader(answer), body=_json(shape, value), headers=headers)


def acting(path: str, answer: type[T]) -> Call[T]:
    """The call that makes what is at `path` happen, which needs no more words."""
    return Call(method="POST", path=path, read=reader(answer))


def deleting(path: str, *, if_match: str | None = None, **params: str | None) -> Call[None]:
    """The call that removes what is at `path`, or the part of it that `params` name (none that is None)."""
    headers = {} if if_match is None else {"if-match": if_match}
    return Call(method="DELETE", path=path, read=_nothing, params=given(**params), headers=headers)


def given(**members: T | None) -> dict[str, T]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def listing(
    path: str,
    shape: type[T],
    *,
    page: int,
    page_size: int,
    sort: str | None,
    **filters: str | None,
) -> Call[PageData[T]]:
    """The call for one page of the list at `path`. Filters that are None are left out.

    Raises:
        ValueOutOfRange: `page` is below 1, or `page_size` not in 1..1000.

    Spec: protocol §2 Lists.
    """
    if page < 1:
        raise mistake(ValueOutOfRange, "page", f"pages count from 1, not {page!r}")
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        reason = f"a page has 1 to {MAX_PAGE_SIZE} items, not {page_size!r}"
        raise mistake(ValueOutOfRange, "page_size", reason)
    return Call(
        method="GET",
        path=path,
        params=given(page=str(page), pageSize=str(page_size), sort=sort, **filters),
        read=reader(PageData[shape]),  # type: ignore[valid-type]  # pydantic makes the class at run time
    )


def _nothing(data: object) -> None:
    """Parser for endpoints that answer 204."""


def reader(shape: type[T]) -> Callable[[Any], T]:
    adapter: TypeAdapter[T] = _adapter(shape)  # type: ignore[arg-type]  # types are hashable
    return adapter.validate_python


def _json(shape: Any, value: object) -> bytes:
    adapter = _adapter(shape)
    try:
        checked = adapter.validate_python(value)
        written = adapter.dump_json(checked, exclude_unset=True, by_alias=True)
        if b"null" in written:
            # NaN and infinities are written as null, too: do not lose a value in silence.
            json.dumps(adapter.dump_python(checked), allow_nan=False, default=str)
        return written
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False, include_context=False)) from None
    except ValueError as error:
        raise mistake(ValidationFailed, "", f"cannot be written as JSON: {error}") from error


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    # Building one takes a millisecond, so it happens at the first use and never at import.
    return TypeAdapter(shape)


def _invalid(errors: Sequence[ErrorDetails]) -> InvalidRequest:
    """The error for what pydantic found, named after the first mistake."""
    found = [{"field": ".".join(map(str, e["loc"])), "reason": e["msg"]} for e in errors]
    kind = RequiredFieldMissing if errors[0]["type"] == "missing" else ValidationFailed
    return mistake(kind, found[0]["field"], found[0]["reason"], errors=found)


def mistake(kind: type[InvalidRequest], field: str, reason: str, **more: object) -> InvalidRequest:
    """A caller's mistake, found before anything was sent."""
    where = f"{field}: " if field else ""
    return kind(where + reason, details={"field": field, "reason": reason, **more}, attempts=0)
