"""The envelope around every answer. Spec: protocol §2 Envelope; RFC §3.2.1, §4.2."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from mplp_mock_server.clock import Clock
from mplp_sdk.errors import CODES, ProtocolError
from mplp_sdk.protocol.times import format_time

__all__ = ["PROTOCOL_VERSION", "SANE_ID", "Timed", "failure", "request_id", "success"]

PROTOCOL_VERSION: Final = "1.0.0"

SANE_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
"""What a caller may call a request."""

_SANE_ID: Final = re.compile(SANE_ID)


@dataclass(frozen=True)
class Timed:
    """One request: its id, and when it came."""

    request_id: str
    clock: Clock
    _started: float = field(default_factory=time.perf_counter)

    def metadata(self) -> bytes:
        """The `metadata` of the answer."""
        return msgspec.json.encode(
            {
                "timestamp": format_time(self.clock.now()),
                "requestId": self.request_id,
                "version": PROTOCOL_VERSION,
                "processingTime": round((time.perf_counter() - self._started) * 1000, 3),
            }
        )


def request_id(sent: str | None) -> str:
    """The caller's `X-Request-ID` if it can be shown anywhere, else a new one."""
    if sent is not None and _SANE_ID.fullmatch(sent):
        return sent
    # Nothing rests on these being hard to guess, and the system's random numbers take ten times as long.
    return str(UUID(int=random.getrandbits(128), version=4))


def success(data: bytes, timed: Timed) -> bytes:
    """The body of a good answer; `data` is JSON text."""
    return b'{"success":true,"data":%b,"metadata":%b}' % (data, timed.metadata())


def failure(error: ProtocolError, timed: Timed) -> bytes:
    """The body of an error."""
    assert error.code is not None, "the server raises errors of the catalogue only"  # noqa: S101
    told: dict[str, Any] = {
        "code": str(error.code),
        "name": CODES[error.code].name,
        "message": error.message,
        "details": error.details,
    }
    if error.retry_after is not None:
        told["retry_after"] = round(error.retry_after * 1000)
    return b'{"success":false,"error":%b,"metadata":%b}' % (msgspec.json.encode(told), timed.metadata())
