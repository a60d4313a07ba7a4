"""Waiting until an execution is done: a flow that asks, pauses, and asks again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from mplp_sdk.client._flow import Flow, Reply, Sleep
from mplp_sdk.errors import RequestTimeout
from mplp_sdk.models import Execution

__all__ = ["ENDED", "until_ended"]

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
"""Statuses that nothing leaves. A paused execution may go on, so it is waited for."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_GROWTH = 1.5


def until_ended(
    ask: Callable[[float | None], Flow[Reply[Execution]]],
    timeout: float | None,
    clock: Callable[[], float] = time.monotonic,
) -> Flow[Execution]:
    """Ask until the execution has ended; the ended execution.

    Args:
        ask: the flow of one question, which must be answered in so many seconds (None: no limit).
        timeout: seconds for all of it; None: no limit. The last question is asked when they are over.

    Raises:
        RequestTimeout: the execution goes on.
    """
    deadline = None if timeout is None else clock() + timeout
    pause = _FIRST_PAUSE
    while True:
        left = None if deadline is None else deadline - clock()
        execution = (yield from ask(left if left is None else max(left, _FIRST_PAUSE))).parsed
        if execution.status in ENDED:
            return execution
        if left is not None and left <= 0:
            raise RequestTimeout(
                f"execution {execution.id} is {execution.status} after {timeout:g} s; it goes on",
                details={"execution_id": execution.id, "status": execution.status},
            )
        yield Sleep(pause if deadline is None else max(0.0, min(pause, deadline - clock())))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
