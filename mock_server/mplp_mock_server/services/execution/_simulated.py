"""The handler of tasks that have none: it takes as long as estimated, and fails as told.

`metadata.simulate` of a task may hold `fail` (how many first attempts fail), `error` (with which message),
`output` (what the task gives) and `variables` (what it sets). Spec: protocol §2.1 plans [ext].
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mplp_mock_server.handlers import Handler, TaskCall
from mplp_sdk.protocol.times import parse_duration

__all__ = ["SimulatedFailure", "simulated"]


class SimulatedFailure(Exception):
    """An attempt that was to fail."""


def simulated(time_scale: float) -> Handler:
    """A handler whose tasks take `time_scale` seconds for each second that they are estimated to take."""

    async def simulate(call: TaskCall) -> Any:
        seconds = _estimated(call.task) * time_scale
        if seconds > 0:
            await asyncio.sleep(seconds)
        told = _told(call.task)
        for key, value in _object(told.get("variables")).items():
            call.set_variable(key, value)
        fails = told.get("fail", 0)
        if isinstance(fails, int) and call.attempt <= fails:
            raise SimulatedFailure(str(told.get("error", "simulated failure")))
        return told.get("output", {"simulated": True})

    return simulate


def _estimated(task: Mapping[str, Any]) -> float:
    spelling = task.get("estimated_duration")
    return 0.0 if spelling is None else parse_duration(spelling).total_seconds()


def _told(task: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(task.get("metadata")).get("simulate"))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
