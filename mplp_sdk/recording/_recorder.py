"""The recorder: takes records from any thread, keeps them on disk, and has them shipped.

    record → snapshot and redaction → JSON → spool (memory-mapped, survives the process) → shipper → server

Once it exists nothing here raises into the caller, and nothing waits for a disk or a network but `flush`
and `close`. Spec: recording §4.
"""

from __future__ import annotations

import atexit
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mplp_sdk.config import Settings
from mplp_sdk.recording._confirmation import OpenConfirmation
from mplp_sdk.recording._context import SharedContexts
from mplp_sdk.recording._core import Core, never_raises
from mplp_sdk.recording._redaction import Redaction, Redactor
from mplp_sdk.recording._run import Run
from mplp_sdk.recording._seen import Seen
from mplp_sdk.recording._shipper import Transport
from mplp_sdk.recording._sink import Sink
from mplp_sdk.recording._snapshot import SnapshotLimits, Snapshotter
from mplp_sdk.recording._stats import Stats
from mplp_sdk.recording.spool import SpoolLimits

if TYPE_CHECKING:
    from mplp_sdk.models.trace import ActionType

__all__ = ["Recorder", "get_recorder", "set_recorder"]

_KINDS = frozenset({"context", "plan", "confirmation", "trace", "role", "extension", "execution"})
_LARGEST_RECORD = 1024 * 1024


class Recorder:
    """Records what agents do. One for a process is enough (`get_recorder`); it may be used from any thread.

    Args:
        settings: where to; None: `Settings.load` with the arguments below.
        base_url: server to ship to; None: `MPLP_BASE_URL`, or none, and records wait in the spool.
        api_key: None: `MPLP_API_KEY`.
        home: folder of the spool; None: `MPLP_HOME`, or `.mplp` in the working directory.
        project: None: `MPLP_PROJECT`.
        redaction: what to keep out of records, beyond what always is.
        spool: sizes and times.
        snapshot: how much of one value is kept.

    Raises:
        ConfigError: a setting cannot be used. After that nothing raises.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        home: str | os.PathLike[str] | None = None,
        project: str | None = None,
        redaction: Redaction | None = None,
        spool: SpoolLimits | None = None,
        snapshot: SnapshotLimits | None = None,
    ) -> None:
        chosen = _choose(settings, base_url=base_url, api_key=api_key, home=home, project=project)
        limits = spool or SpoolLimits()
        hidden = redaction or Redaction()
        # The host may change its working directory later.
        sink = Sink(Path(chosen.home).absolute(), _connector(chosen), limits)
        clean = Snapshotter(Redactor(hidden), snapshot or SnapshotLimits())
        self.settings = chosen
        self._core = Core(
            sink, clean, hidden, chosen.project, largest=min(_LARGEST_RECORD, limits.segment_bytes // 2)
        )
        self._seen = Seen(self._core)
        self._exit_timeout = limits.exit_timeout
        self._contexts = SharedContexts(self._core)
        _open.add(self)

    @never_raises
    def record(self, kind: str, obj: Mapping[str, Any]) -> None:
        """Keep one object. When this returns, the record survives the death of the process, `kill -9`
        included.

        Takes microseconds, never raises, never waits. What cannot be kept is counted (`stats().dropped`).

        Args:
            kind: context, plan, confirmation, trace, role, extension or execution.
            obj: the object of protocol §3, as it is now.
        """
        if kind not in _KINDS or not isinstance(obj, Mapping):
            self._core.sink.drop("invalid")
            return
        encoded = self._core.clean.encoded(obj, most=self._core.largest)
        if encoded.startswith(b"{"):
            self._core.keep(kind, encoded)
        else:  # it was withheld as a whole
            self._core.sink.drop("redaction")

    def start_run(
        self,
        name: str,
        *,
        key: str | None = None,
        agent: str | None = None,
        type: ActionType = "invoke",  # noqa: A002 - the protocol's name
        input: object = None,  # noqa: A002 - what everybody calls it
        tags: Mapping[str, object] | None = None,
        goals: Sequence[str] = (),
    ) -> Run:
        """Begin a top-level run: its Context and its root span are written now.

        Args:
            key: thread, session or team; runs with the same key share a Context. None: a Context for this
                run alone.
            agent: name of who runs; None: the name of the run.
            goals: what the run is to reach.
        """
        context = self._contexts.get(name, None if key is None else self._core.key(key))
        context.begin(goals)
        run = Run(self, self._core, self._seen, context, goals)
        run.root = run.start_span(name, type=type, agent=agent, input=input, tags=tags)
        return run

    def find_confirmation(self, context_id: str, key: str) -> OpenConfirmation | None:
        """The question of this process that waits under `key` in a Context; None: there is none."""
        return self._seen.find_confirmation(context_id, key)

    def flush(self, timeout: float = 5.0, *, durable: bool = False) -> bool:
        """Wait until everything recorded so far is delivered; without a server it is stored at once.

        Args:
            timeout: seconds.
            durable: also have it written to the disk, so that it survives a loss of power.

        Returns:
            False when the time was not enough; the records still wait on disk. What was dropped or refused
            is not waited for: see `stats`.
        """
        return self._core.sink.flush(timeout, durable=durable)

    def close(self, timeout: float = 2.0) -> None:
        """Ship what is left for at most `timeout` seconds, then let other processes have the rest.

        What is recorded later is dropped and counted. A second close does nothing.
        """
        _open.discard(self)
        self._core.sink.close(timeout)

    def stats(self) -> Stats:
        """What happened to the records so far."""
        return dataclasses.replace(self._core.sink.stats(), marked=self._core.clean.marked)

    @property
    def exit_timeout(self) -> float:
        """Seconds that the end of the process may be delayed for this recorder."""
        return self._exit_timeout


def _choose(settings: Settings | None, **arguments: Any) -> Settings:
    if settings is None:
        return Settings.load(**arguments)
    return Settings.load(
        **{name: getattr(settings, name) if value is None else value for name, value in arguments.items()},
        tracing=settings.tracing,
        environ={},
    )


def _connector(settings: Settings) -> Callable[[float], Transport] | None:
    """How to reach the server; None where there is none.

    The client is imported here, by the thread that makes the recorder: a thread that imports while the
    process forks leaves the child with a module that is locked for ever.
    """
    if settings.base_url is None:
        return None
    from mplp_sdk.client import Client

    def connect(timeout: float) -> Transport:
        # One attempt: the shipper has a patience of its own, which never ends.
        return Client(settings.base_url, settings.api_key, timeout=timeout, max_attempts=1)

    connect(1.0).close()  # a setting that it cannot use is told now, to whom it concerns
    return connect


_open: set[Recorder] = set()
_shared_lock = threading.RLock()
_shared: Recorder | None = None


def get_recorder() -> Recorder:
    """The recorder that everything in this process shares, made from the environment when it is first asked
    for.

    Raises:
        ConfigError: the environment holds a setting that cannot be used.
    """
    global _shared  # noqa: PLW0603 - one for the process is what it is
    with _shared_lock:
        if _shared is None:
            _shared = Recorder()
        return _shared


def set_recorder(recorder: Recorder | None) -> Recorder | None:
    """Make `recorder` the shared one; None: the next `get_recorder` makes one. Returns the one before,
    still open.
    """
    global _shared
    with _shared_lock:
        before, _shared = _shared, recorder
        return before


def _close_all() -> None:
    """At exit: the longest patience of all, not their sum."""
    recorders = list(_open)
    deadline = time.monotonic() + max((recorder.exit_timeout for recorder in recorders), default=0.0)
    for recorder in recorders:
        recorder.close(max(0.0, min(recorder.exit_timeout, deadline - time.monotonic())))


def _after_fork() -> None:
    global _shared_lock  # noqa: PLW0603 - the parent's may be held by a thread that the child does not have
    _shared_lock = threading.RLock()
    for recorder in list(_open):
        recorder._core.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
