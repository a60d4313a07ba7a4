"""Record everything in this process, with no change to its code, and undo it.

LangChain asks registered hooks for handlers at the start of every top-level run. The hook's ContextVar has
the handler as its *default*, so that new threads see it too. Graphs are announced to the handler by a wrapper
around `Pregel.stream` and `Pregel.astream`; `invoke` and the event streams go through them.
Spec: recording §2.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from threading import Lock
from typing import Any

from langchain_core.tracers import context as _hooks
from langgraph.pregel import Pregel
from langgraph.pregel import main as _pregel

from mplp_adapters.langchain._announce import announcing
from mplp_adapters.langchain._handler import MPLPCallbackHandler
from mplp_sdk.recording import Recorder

__all__ = ["instrument", "uninstrument"]

_LIFECYCLE = ("get_sync_graph_callback_manager_for_config", "get_async_graph_callback_manager_for_config")

_lock = Lock()
_undo: list[Callable[[], None]] = []
_handler: MPLPCallbackHandler | None = None


def instrument(*, recorder: Recorder | None = None) -> MPLPCallbackHandler:
    """Record every LangChain and LangGraph run of this process from now on.

    Calling it again changes nothing. A run that has an `MPLPCallbackHandler` of its own uses that one.

    Args:
        recorder: where records go; None: the process's shared recorder.

    Returns:
        The handler in use.
    """
    global _handler  # noqa: PLW0603  # the patches are the process's, and so is this
    with _lock:
        if _handler is None:
            _handler = MPLPCallbackHandler(recorder=recorder)
            _register_hook(_handler)
            _replace(Pregel, "stream", _announcing(Pregel.stream))
            _replace(Pregel, "astream", _announcing_async(Pregel.astream))
            for name in _LIFECYCLE:
                if (original := getattr(_pregel, name, None)) is not None:
                    _replace(_pregel, name, _with_handler(original, _handler))
        return _handler


def uninstrument() -> None:
    """Undo `instrument()`: every replaced attribute is what it was. Runs under way are still recorded."""
    global _handler  # noqa: PLW0603  # the patches are the process's, and so is this
    with _lock:
        while _undo:
            _undo.pop()()
        _handler = None


def _register_hook(handler: MPLPCallbackHandler) -> None:
    var: ContextVar[Any] = ContextVar("mplp_handler", default=handler)
    # With the class given, LangChain leaves the hook out where the callbacks list has such a handler.
    _hooks.register_configure_hook(var, inheritable=True, handle_class=MPLPCallbackHandler)
    entry = _hooks._configure_hooks[-1]  # LangChain has no way to unregister
    _undo.append(lambda: _hooks._configure_hooks.remove(entry))


def _replace(owner: Any, name: str, wrapper: Any) -> None:
    original = owner.__dict__[name]
    setattr(owner, name, wrapper)

    def put_back() -> None:
        # Somebody may have wrapped ours since: theirs stays, and ours does nothing any more.
        if owner.__dict__[name] is wrapper:
            setattr(owner, name, original)

    _undo.append(put_back)


def _announcing(stream: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stream)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        chunks = stream(self, *args, **kwargs)
        try:
            with announcing(self if _handler is not None else None):
                first = next(chunks, _NOTHING)
            if first is not _NOTHING:
                yield first
                yield from chunks
        finally:
            chunks.close()

    return wrapper


def _announcing_async(astream: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(astream)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        chunks = astream(self, *args, **kwargs)
        try:
            with announcing(self if _handler is not None else None):
                first = await anext(chunks, _NOTHING)
            if first is not _NOTHING:
                yield first
                async for chunk in chunks:
                    yield chunk
        finally:
            await chunks.aclose()

    return wrapper


_NOTHING: Any = object()


def _with_handler(manager_for: Callable[..., Any], handler: MPLPCallbackHandler) -> Callable[..., Any]:
    """LangGraph tells interrupts only to handlers in the callbacks list; tell the hook's as well."""

    @functools.wraps(manager_for)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        manager = manager_for(*args, **kwargs)
        has_one = any(isinstance(known, MPLPCallbackHandler) for known in manager.handlers)
        if _handler is not None and not has_one:
            manager.handlers = [*manager.handlers, handler]
        return manager

    return wrapper
