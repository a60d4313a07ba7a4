"""Small requests that come while the store is busy are done together: one transaction, a few statements.

Each statement gives up the interpreter's lock and takes it again, beside a busy event loop; done one by one,
single spans would wait for that more than for the disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mplp_mock_server.store import Store, Writer

__all__ = ["Gather"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gather(Generic[Item, Result]):
    """Runs `work` on all items that wait. For each it gives the result, or the error to raise to its caller.

    `work` raises only what fails them all.
    """

    def __init__(
        self, store: Store, work: Callable[[Writer, Sequence[Item]], Sequence[Result | Exception]]
    ) -> None:
        self._store = store
        self._work = work
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._called = False
        """Whether a transaction is on its way that will take what waits."""

    async def submit(self, item: Item) -> Result:
        """The result for one item, once it is durable."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._called:
            self._called = True
            await self._run()
        return await future

    async def _run(self) -> None:
        taken: list[tuple[Item, asyncio.Future[Result]]] = []

        def take() -> None:
            # In this order: who appends from here on calls the next transaction.
            self._called = False
            while self._waiting:
                taken.append(self._waiting.popleft())

        def work(tx: Writer) -> Sequence[Result | Exception]:
            take()
            return self._work(tx, [item for item, _ in taken])

        try:
            results = await self._store.write(work)
        except Exception as error:
            if not taken:
                take()  # there was no transaction, and nobody else would come for them
            results = [error] * len(taken)
        for (_, future), result in zip(taken, results, strict=True):
            _settle(future, result)


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.cancelled():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
