"""Lists: which page of them, in which order, and of what. Spec: protocol §2 Lists [ext]; RFC §3.2.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from mplp_mock_server.store import Query
from mplp_sdk.errors import InvalidFormat, InvalidRequest, ValidationFailed, ValueOutOfRange
from mplp_sdk.protocol.ids import LONGEST_TEXT, is_plain

__all__ = ["DEFAULT_PAGE_SIZE", "LARGEST_PAGE", "LAST_PAGE", "Listing", "page_of"]

LARGEST_PAGE: Final = 1000
DEFAULT_PAGE_SIZE: Final = 50
LAST_PAGE: Final = 10**9
"""Beyond any list, and its rows can still be counted in 64 bits."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What one list can be filtered and sorted by: names in the address, and the columns behind them."""

    filters: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Filters that take only these values."""
    sorts: Mapping[str, str] = field(default_factory=dict)
    default_sort: str = ""
    after: bool = False
    """Whether `after` may name the item that the list is to go on after."""

    def query(self, sent: Sequence[tuple[str, str]]) -> Query:
        """The page that the query string of a request asks for.

        Raises:
            InvalidFormat: an unknown name, a name that is there twice, or a value that is no number.
            ValueOutOfRange: a page or page size that cannot be.
            ValidationFailed: a filter has a value that is none of its choices.
        """
        values = self._unique(sent)
        size = _whole_number(values, "pageSize", DEFAULT_PAGE_SIZE, LARGEST_PAGE)
        page = _whole_number(values, "page", 1, LAST_PAGE)
        return Query(
            filters=tuple(
                (column, self._chosen(values, name))
                for name, column in self.filters.items()
                if name in values
            ),
            sort=self._sort(values.get("sort", self.default_sort)),
            offset=(page - 1) * size,
            limit=size,
            after=_value(values, "after") if "after" in values else None,
        )

    def _unique(self, sent: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        known = {"page", "pageSize", *self.filters} | ({"sort"} if self.sorts else set())
        known |= {"after"} if self.after else set()
        values: dict[str, str] = {}
        for name, value in sent:
            if name not in known:
                # Left alone, a filter with a typing error would answer more than was asked for.
                reason = f"not known here; known are {', '.join(sorted(known))}"
                raise _refused(InvalidFormat, name[:80], reason)
            if name in values:
                raise _refused(InvalidFormat, name, "there twice")
            values[name] = value
        return values

    def _chosen(self, values: Mapping[str, str], name: str) -> str:
        value, choices = _value(values, name), self.choices.get(name)
        if choices is not None and value not in choices:
            raise _refused(ValidationFailed, name, f"Input should be one of {', '.join(choices)}")
        return value

    def _sort(self, asked: str) -> tuple[tuple[str, bool], ...]:
        if not self.sorts:
            return ()
        terms = [(term.removeprefix("-"), term.startswith("-")) for term in asked.split(",")]
        for name, _ in terms:
            if name not in self.sorts:
                reason = f"should be one of {', '.join(self.sorts)}, or such a name after -"
                raise _refused(InvalidFormat, "sort", reason)
        return tuple((self.sorts[name], down) for name, down in terms)


def page_of(items: Sequence[bytes], total: int, query: Query) -> bytes:
    """The `data` of a list's answer."""
    page = query.offset // query.limit + 1
    pages = -(-total // query.limit)
    pagination = {
        "page": page,
        "pageSize": query.limit,
        "total": total,
        "totalPages": pages,
        "hasNext": page < pages,
        "hasPrev": page > 1,
    }
    return b'{"items":[%b],"pagination":%b}' % (b",".join(items), msgspec.json.encode(pagination))


def _whole_number(values: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = values.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise _refused(InvalidFormat, name, "should be a whole number")
    # Compared by length first: int() refuses, or dwells on, thousands of digits.
    if len(digits) > len(str(largest)) or not 1 <= int(text) <= largest:
        raise _refused(ValueOutOfRange, name, f"should be 1 to {largest}")
    return int(text)


def _value(values: Mapping[str, str], name: str) -> str:
    value = values[name]
    if not is_plain(value):
        raise _refused(InvalidFormat, name, f"should be 1 to {LONGEST_TEXT} printable characters")
    return value


def _refused(cls: type[InvalidRequest], field: str, reason: str) -> InvalidRequest:
    return cls(f"{field}: {reason}", details={"field": field, "reason": reason})
