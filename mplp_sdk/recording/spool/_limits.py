"""How much a spool may hold and how fast it is written and shipped. Used by the writer and the shipper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mplp_sdk.errors import ConfigError

__all__ = ["Policy", "SpoolLimits"]

Policy: TypeAlias = Literal["drop_newest", "drop_oldest", "block"]

_SMALLEST_SEGMENT = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class SpoolLimits:
    """Sizes and times of one recorder's spool. The defaults suit one application on one machine.

    Spec: recording §4, points 3-5 and 7.
    """

    budget_bytes: int = 512 * 1024 * 1024
    """Bytes that all streams of one home may hold on disk together."""
    segment_bytes: int = 2 * 1024 * 1024
    """Bytes of one segment file, allocated before it is written."""
    policy: Policy = "drop_newest"
    """What happens when the budget is used up: refuse the new record, remove the oldest, or wait."""
    block_timeout: float = 1.0
    """Seconds that `record` waits for room under the policy `block`, before it drops the record."""
    sync_interval: float = 1.0
    """Seconds between two writes to the disk; what a loss of *power* can cost (a killed process costs
    nothing).
    """
    batch_records: int = 512
    """Records of one request, at most."""
    batch_bytes: int = 1024 * 1024
    """Bytes of one request before compression, at most; a single larger record travels alone."""
    batch_interval: float = 0.2
    """Seconds between two looks for new records to ship."""
    request_timeout: float = 10.0
    """Seconds that one request may take."""
    longest_backoff: float = 30.0
    """Seconds between two tries at most, where the server does not ask for more."""
    exit_timeout: float = 2.0
    """Seconds that the end of the process may be delayed to ship what is left."""

    def __post_init__(self) -> None:
        if self.segment_bytes < _SMALLEST_SEGMENT or self.segment_bytes % 8:
            raise ConfigError(
                f"segment_bytes is {self.segment_bytes}; it should be a multiple of 8, "
                f"at least {_SMALLEST_SEGMENT}"
            )
        if self.budget_bytes < self.segment_bytes:
            raise ConfigError(
                f"budget_bytes is {self.budget_bytes}; it should hold at least one segment "
                f"of {self.segment_bytes} bytes"
            )
        if self.policy not in ("drop_newest", "drop_oldest", "block"):
            raise ConfigError(f"policy is {self.policy!r}; it should be drop_newest, drop_oldest or block")
