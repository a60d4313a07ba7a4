"""The trace that the running code belongs to: a recorded run sets it, the client names it in `X-Trace-ID`.

Spec: protocol §2 Headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["current_trace", "enter_trace", "in_trace"]

_current: ContextVar[str | None] = ContextVar("mplp_trace", default=None)


def current_trace() -> str | None:
    """Id of the MPLP trace that this task or thread works for; None: it works for none."""
    return _current.get()


def enter_trace(trace_id: str | None) -> str | None:
    """Work for another trace from now on; the id of the one before, to go back to."""
    previous = _current.get()
    # Not reset(token): a run may end in another task than it began in, where that raises.
    _current.set(trace_id)
    return previous


@contextmanager
def in_trace(trace_id: str) -> Iterator[None]:
    """Work for a trace within a block: `with in_trace(trace_id): client.plans.get(plan_id)`."""
    previous = enter_trace(trace_id)
    try:
        yield
    finally:
        enter_trace(previous)
