"""Points in time and durations as the wire spells them.

Times are RFC 3339 in UTC with milliseconds or finer and `Z`. Durations keep the spelling they came in.
Spec: protocol §1.5.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

__all__ = ["Duration", "format_duration", "format_time", "parse_duration", "parse_time", "utc_now"]

_UNITS = {
    "us": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h|d|w)")
_ISO = re.compile(
    r"P(?=[\dT])(?:(?P<w>\d+(?:\.\d+)?)W)?(?:(?P<d>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """Spell `moment` for the wire, such as 2026-01-02T03:04:05.123Z; microseconds only where there are any.

    A naive `moment` is taken as UTC.
    """
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time; one without an offset is taken as UTC. The result is aware and in UTC.

    Raises:
        ValueError: not a time.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Duration(timedelta):
    """A length of time that is written again just as it was read.

    Arithmetic gives a plain `timedelta`, so a changed value never keeps an old spelling.
    """

    spelling: str | int | float
    """What the wire said: `150ms`, `8h`, `PT1.5S`, or a number of seconds."""

    @classmethod
    def read(cls, spelling: str | int | float) -> Duration:
        """The duration that `spelling` stands for.

        Raises:
            ValueError: not a duration, negative, or longer than Python can hold.
        """
        try:
            length = _measure(spelling)
        except OverflowError:
            raise ValueError(f"{spelling!r} is too long for a duration") from None
        duration = cls(days=length.days, seconds=length.seconds, microseconds=length.microseconds)
        duration.spelling = spelling
        return duration

    def __reduce__(self) -> tuple[object, ...]:
        return Duration.read, (self.spelling,)


def parse_duration(spelling: str | int | float) -> Duration:
    """Read `150ms`, `8h`, `2d`, `PT1.5S` or a number of seconds.

    Raises:
        ValueError: none of these.
    """
    return Duration.read(spelling)


def format_duration(length: timedelta) -> str | int | float:
    """Spell a duration: the original spelling where there is one, else milliseconds such as `150ms`."""
    if isinstance(length, Duration):
        return length.spelling
    return f"{length / _UNITS['ms']:.3f}".rstrip("0").rstrip(".") + "ms"


def _measure(spelling: str | int | float) -> timedelta:
    if isinstance(spelling, bool) or not isinstance(spelling, (str, int, float)):
        raise ValueError(f"{spelling!r} is not a duration; write 150ms, 8h, PT1.5S or a number of seconds")
    if isinstance(spelling, str):
        return _measure_text(spelling.strip())
    if not math.isfinite(spelling) or spelling < 0:
        raise ValueError(f"{spelling!r} is not a duration; a number of seconds is finite and not negative")
    return timedelta(seconds=spelling)


def _measure_text(text: str) -> timedelta:
    if unit := _WITH_UNIT.fullmatch(text):
        return float(unit[1]) * _UNITS[unit[2]]
    if _NUMBER.fullmatch(text):
        return timedelta(seconds=float(text))
    if iso := _ISO.fullmatch(text):
        return sum((float(n) * _UNITS[unit] for unit, n in iso.groupdict().items() if n), timedelta())
    raise ValueError(f"{text!r} is not a duration; write 150ms, 8h, PT1.5S or a number of seconds")
