"""What extensions do when they are executed: Python functions, registered by name and version.

    register_extension("shout", "1.0.0", lambda text: text.upper(), input_schema={"type": "string"})

An Extension of runtime `python` whose `entry_point` is such a name runs it, in the Extension's own version.
Nothing that comes by a request is ever run: it can only name what is registered here. A package registers by
an entry point of the group `mplp.extensions`, which leads to an `ExtensionHandler`, or to several.

Spec: protocol §2.1 extensions; Design, Extension API.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

__all__ = [
    "GROUP",
    "ExtensionHandler",
    "NotLoaded",
    "find_extension",
    "register_extension",
    "unregister_extension",
]

GROUP: Final = "mplp.extensions"
"""Group of entry points."""


@dataclass(frozen=True, kw_only=True)
class ExtensionHandler:
    """One version of an extension's code."""

    name: str
    version: str
    handler: Callable[[Any], Any]
    """A function, called in a thread of its own, or a coroutine function. It takes the input and returns the
    output, both JSON data, and raises where it failed."""
    input_schema: Mapping[str, Any] | None = None
    """JSON Schema (2020-12) of the input, beside the one that the Extension itself has; None: any."""
    output_schema: Mapping[str, Any] | None = None
    """The same of the output."""


class NotLoaded(Exception):
    """There is no such handler, or its package cannot be loaded; the message says why."""


_handlers: Final[dict[str, dict[str, ExtensionHandler]]] = {}
"""By name and version."""
_lock: Final = threading.Lock()


def register_extension(
    name: str,
    version: str,
    handler: Callable[[Any], Any],
    *,
    input_schema: Mapping[str, Any] | None = None,
    output_schema: Mapping[str, Any] | None = None,
) -> None:
    """Let extensions of every server in this process run `handler`.

    It takes the place of another of this name and version; other versions stay.
    """
    _register(
        ExtensionHandler(
            name=name,
            version=version,
            handler=handler,
            input_schema=input_schema,
            output_schema=output_schema,
        )
    )


def unregister_extension(name: str, version: str | None = None) -> None:
    """Forget one version of a handler, or all. What runs, runs on. Harmless where there is none."""
    with _lock:
        if version is None:
            _handlers.pop(name, None)
        else:
            _handlers.get(name, {}).pop(version, None)


def find_extension(name: str, version: str) -> ExtensionHandler:
    """The handler of this name and version; a package that brings it is loaded on first use.

    Raises:
        NotLoaded: there is none.
    """
    if not _handlers.get(name):
        _load(name)
    versions = _handlers.get(name)
    if not versions:
        raise NotLoaded(f"no handler is registered as {name!r}")
    if version not in versions:
        known = ", ".join(sorted(versions))
        raise NotLoaded(f"{name!r} is registered in the versions {known}, and not in {version}")
    return versions[version]


def _register(handler: ExtensionHandler) -> None:
    with _lock:
        _handlers.setdefault(handler.name, {})[handler.version] = handler


def _load(name: str) -> None:
    """Register what the entry points of this name lead to."""
    for point in entry_points(group=GROUP, name=name):
        try:
            loaded = point.load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise NotLoaded(f"the entry point {point.value} cannot be loaded: {reason}") from error
        for handler in loaded if isinstance(loaded, Iterable) else [loaded]:
            if not isinstance(handler, ExtensionHandler) or handler.name != name:
                raise NotLoaded(f"the entry point {point.value} leads to no extension called {name!r}")
            _register(handler)
