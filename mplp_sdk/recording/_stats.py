"""What a recorder has done so far, in numbers. Spec: recording §4, point 10."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Stats"]


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Counts of one recorder in this process; a forked child counts from zero.

    `recorded` = `delivered` + `refused` + `waiting` + all of `dropped`.
    """

    recorded: int = 0
    """Calls of `Recorder.record`, those of runs and spans included."""
    stored: int = 0
    """Records that reached the spool."""
    delivered: int = 0
    """Records that the server has."""
    refused: int = 0
    """Records that the server will never take; they are in the dead-letter file."""
    waiting: int = 0
    """Records on disk that the server does not have yet."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Records that are lost, by reason: disk_full, over_budget, closed, …; empty when all is well."""
    marked: int = 0
    """Places where a value was cut or could not be shown; the record says where."""
    adopted: int = 0
    """Records of processes that are gone, brought to the server by this one."""
