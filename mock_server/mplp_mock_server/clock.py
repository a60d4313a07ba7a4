"""What time it is on the server. Services ask a clock instead of the system, so that time can be set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from mplp_sdk.protocol.times import utc_now

__all__ = ["EPOCH", "Clock", "SettableClock", "SystemClock", "from_micros", "to_micros"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time now; aware, UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return utc_now()


class SettableClock:
    """A clock that goes on from where it is put; for tests of what depends on time.

    Args:
        moment: aware; None: now.
    """

    def __init__(self, moment: datetime | None = None) -> None:
        self._ahead = timedelta()
        if moment is not None:
            self.set(moment)

    def now(self) -> datetime:
        return utc_now() + self._ahead

    def set(self, moment: datetime) -> None:
        """Make it `moment`, from where time goes on."""
        self._ahead = moment - utc_now()

    def advance(self, length: timedelta) -> None:
        """Let this much time pass at once."""
        self._ahead += length


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, which is how the store keeps times; a naive `moment` is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The time that `to_micros` made `micros` from; aware, UTC."""
    return EPOCH + timedelta(microseconds=micros)
