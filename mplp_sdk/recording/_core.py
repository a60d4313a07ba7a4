"""What runs, spans, plans and confirmations share: how to clean a value, tell the time and write a record.

The recorder owns one; the objects that it hands out hold on to it.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from mplp_sdk.protocol.times import format_time, utc_now
from mplp_sdk.recording._redaction import Redaction
from mplp_sdk.recording._sink import Sink
from mplp_sdk.recording._snapshot import Snapshotter

__all__ = ["Core", "never_raises"]

_log = logging.getLogger("mplp_sdk.recording")
_TICK = timedelta(microseconds=1)


class Core:
    """One recorder's means. Everything given to `write` is clean already; `clean` makes it so."""

    def __init__(
        self, sink: Sink, clean: Snapshotter, redaction: Redaction, project: str, largest: int
    ) -> None:
        self.sink = sink
        self.largest = largest
        """Bytes of one object as JSON, at most."""
        self.clean = clean
        self.redaction = redaction
        self.project = project
        self.lock = threading.RLock()
        """Held while the state of a run, plan or confirmation changes. New in a forked child."""
        self._latest = utc_now()

    def write(self, kind: str, obj: Mapping[str, Any]) -> None:
        """Keep a record of clean data. Where its parts are too much together, they are cut once more."""
        encoded = msgspec.json.encode(obj)
        if len(encoded) > self.largest:
            encoded = self.clean.encoded(msgspec.json.decode(encoded), most=self.largest)
        self.keep(kind, encoded)

    def keep(self, kind: str, encoded: bytes) -> None:
        """Keep a record whose object is JSON already."""
        self.sink.append(b'{"kind":"%b","object":%b}' % (kind.encode(), encoded))

    def next_time(self) -> str:
        """The time now, and later than any that this gave before: for `updated_at`."""
        with self.lock:
            self._latest = max(utc_now(), self._latest + _TICK)
            return format_time(self._latest)

    def key(self, value: object) -> str:
        """A key as the text that ids are derived from. It is never written; what is written is cleaned."""
        return value if isinstance(value, str) else self.clean.text(value)

    def failed(self) -> None:
        """Something of ours broke: count it, and let the caller go on."""
        _log.debug("not recorded", exc_info=True)
        self.sink.drop("internal")

    def after_fork(self) -> None:
        """In the child: new locks, a new stream."""
        self.lock = threading.RLock()
        self.sink.after_fork()


class _HasCore(Protocol):
    @property
    def _core(self) -> Core: ...


_Owner = TypeVar("_Owner", bound=_HasCore)
_P = ParamSpec("_P")


def never_raises(method: Callable[Concatenate[_Owner, _P], None]) -> Callable[Concatenate[_Owner, _P], None]:
    """A method that must not disturb the host: what it raises is counted, not passed on."""

    @functools.wraps(method)
    def guarded(self: _Owner, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # the promise of this decorator
            self._core.failed()

    return guarded
