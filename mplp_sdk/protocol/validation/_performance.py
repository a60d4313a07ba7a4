"""Performance: is the object, or what it asks for, larger than is good? Spec: protocol §4, §7; RFC §7.3.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mplp_sdk.protocol.validation._business import demands
from mplp_sdk.protocol.validation._subject import Problem, Subject, number, objects_at
from mplp_sdk.protocol.validation._text import finder

__all__ = ["message_size_high", "resource_usage_high"]

_HIGH: Final = 0.9
_MESSAGE: Final = 1024 * 1024


def resource_usage_high(subject: Subject) -> Iterable[Problem] | None:
    if subject.kind == "trace":
        return _high_in_span(subject)
    if subject.plan is None:
        return None
    capacity = {name: amount for name, amount in _capacity(subject).items() if amount}
    if not capacity and subject.text is not None and not _much_cpu_in(subject.text):
        return []
    most = capacity | ({} if "cpu" in capacity else {"cpu": subject.dialect.fractional_cpu})
    return [
        _high(subject.path(*place), amount, amount / capacity.get(name, 1.0))
        for place, name, amount in demands(subject.plan, most)
        if capacity.get(name, 1.0) * _HIGH <= amount <= most[name]
    ]


_much_cpu_in = finder(r'cpu":(?:0\.9|1)')


def _capacity(subject: Subject) -> dict[str, float]:
    return subject.context.capacity if subject.context else {}


def _high_in_span(subject: Subject) -> list[Problem]:
    name = "cpu_usage" if subject.dialect.name == "canonical" else "cpuUsage"
    return [
        _high(subject.path(*path, name), used, used)
        for path, performance in objects_at(subject.obj, "performance")
        if (used := number(performance.get(name))) is not None and _HIGH <= used <= 1
    ]


def _high(path: str, value: float, share: float) -> Problem:
    return Problem(
        path,
        value,
        f"This uses {share:.0%} of what there is.",
        "Ask for less, spread the work over more tasks, or provide more of the resource.",
    )


def message_size_high(subject: Subject) -> Iterable[Problem] | None:
    if (size := subject.size) is None:
        return None
    if size <= _MESSAGE:
        return []
    return [
        Problem(
            subject.kind,
            size,
            f"The object is {size:,} bytes of JSON, more than one WebSocket message of 1 MiB.",
            "Send it over HTTP, or store large values elsewhere and refer to them.",
        )
    ]
