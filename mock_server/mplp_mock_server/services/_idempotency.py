"""A request that is sent twice is done once: the first answer is kept and given again.

Spec: protocol §1.3, §2.1 (a repeated create), §2 Headers (Idempotency-Key).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mplp_mock_server.services._objects import fingerprint
from mplp_mock_server.store import Remembered, Writer
from mplp_sdk.errors import Conflict

__all__ = ["Repeatable", "id_key"]


def id_key(kind: str, object_id: str) -> str:
    """Name of the create that brought an object its own id."""
    return f"id:{kind}:{object_id}"


@dataclass(frozen=True)
class Repeatable:
    """A request, and the names under which a repeat of it is recognised."""

    digest: bytes
    keys: tuple[str, ...]

    @classmethod
    def of(cls, scope: str, body: Any, key: str | None, *own: str) -> Repeatable:
        """The request to `scope` with this body.

        Args:
            key: its `Idempotency-Key`, None where it has none. The same key at another place is another key.
            own: further names, from the caller's own ids.
        """
        keys = own if key is None else (f"key:{scope}:{key}", *own)
        if not keys:
            return cls(b"", ())
        return cls(fingerprint(scope.encode(), msgspec.json.encode(body, order="deterministic")), keys)

    def answer(self, tx: Writer, make: Callable[[], bytes]) -> bytes:
        """The first answer to this request, which is what `make` says when there was none yet.

        Raises:
            Conflict: the same key or id came with another body before.
        """
        first = self.first_answer(tx.recall(self.keys))
        if first is not None:
            return first
        body = make()
        tx.remember(self.to_remember(body))
        return body

    def first_answer(self, known: Mapping[str, Remembered]) -> bytes | None:
        """The answer among what is remembered; None where this is no repeat.

        Raises:
            Conflict: the same key or id came with another body before.
        """
        for key in self.keys:
            if key in known:
                return self._repeat(known[key], key)
        return None

    def to_remember(self, body: bytes) -> list[tuple[str, Remembered]]:
        """What a repeat is to find."""
        return [(key, Remembered(self.digest, body)) for key in self.keys]

    def _repeat(self, first: Remembered, key: str) -> bytes:
        if first.digest == self.digest:
            return first.body
        field = "id" if key.startswith("id:") else "Idempotency-Key"
        raise Conflict(
            f"this {field} was used before, with another body",
            details={"field": field, "reason": "the body differs from that of the first request"},
        )
