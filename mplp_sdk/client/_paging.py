"""Lists that walk their own pages. The walk is one pure function; both clients use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from mplp_sdk.client._operations._call import Call, PageData
from mplp_sdk.models import Pagination

__all__ = ["AsyncPage", "AsyncPages", "Page", "following"]

T = TypeVar("T")


def following(call: Call[PageData[T]], page: PageData[T]) -> Call[PageData[T]] | None:
    """The call for the page after `page`, which answered `call`; None after the last.

    An empty page is the last one, whatever it says: a server that never tells an end is not asked for ever.
    """
    if not page.items or not page.pagination.has_next:
        return None
    return call.with_params(page=str(int(call.params["page"]) + 1))


class _Contents(Generic[T]):
    """One page of a list."""

    def __init__(self, call: Call[PageData[T]], data: PageData[T]) -> None:
        self.items: list[T] = data.items
        """The items of this page alone."""
        self.pagination: Pagination = data.pagination
        """Where this page stands in the list."""
        self._next = following(call, data)

    def __repr__(self) -> str:
        at = self.pagination
        return f"<{type(self).__name__} {at.page} of {at.total_pages}: {len(self.items)} of {at.total} items>"


class Page(_Contents[T]):
    """One page of a list. Iterating goes on through all later pages, each read when it is reached."""

    def __init__(self, call: Call[PageData[T]], execute: Callable[[Call[PageData[T]]], PageData[T]]) -> None:
        super().__init__(call, execute(call))
        self._execute = execute

    def next_page(self) -> Page[T] | None:
        """Read the next page; None after the last."""
        return None if self._next is None else Page(self._next, self._execute)

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.items
            page = page.next_page()


class AsyncPage(_Contents[T]):
    """One page of a list. Iterating goes on through all later pages, each read when it is reached."""

    def __init__(self, call: Call[PageData[T]], data: PageData[T], execute: _AsyncExecute[T]) -> None:
        super().__init__(call, data)
        self._execute = execute

    async def next_page(self) -> AsyncPage[T] | None:
        """Read the next page; None after the last."""
        return None if self._next is None else await AsyncPages(self._next, self._execute)

    async def __aiter__(self) -> AsyncIterator[T]:
        page: AsyncPage[T] | None = self
        while page is not None:
            for item in page.items:
                yield item
            page = await page.next_page()


class AsyncPages(Generic[T]):
    """A list that is not read yet: `await` it for its first page, or iterate over all items."""

    def __init__(self, call: Call[PageData[T]], execute: _AsyncExecute[T]) -> None:
        self._call = call
        self._execute = execute

    def __await__(self) -> Generator[Any, None, AsyncPage[T]]:
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self._first():
            yield item

    async def _first(self) -> AsyncPage[T]:
        return AsyncPage(self._call, await self._execute(self._call), self._execute)


_AsyncExecute = Callable[[Call[PageData[T]]], Awaitable[PageData[T]]]
