"""From objects to rows: stamps of time, and the columns that lists filter and sort by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from mplp_mock_server.clock import from_micros, to_micros
from mplp_mock_server.services._validation import JsonObject, invalid
from mplp_mock_server.store import ObjectRow
from mplp_sdk.errors import InvalidFormat, SchemaValidationFailed
from mplp_sdk.protocol.times import format_time, parse_time

__all__ = ["decode", "encode", "fingerprint", "merge", "object_row", "read_stamp", "stamp"]

_UNKNOWN = 0
"""In place of a time that an object does not say."""

_EARLIEST = to_micros(datetime.min.replace(tzinfo=UTC))


def encode(value: Any) -> bytes:
    """JSON text, as it is stored and sent."""
    return msgspec.json.encode(value)


def decode(body: bytes) -> JsonObject:
    """The object that `encode` wrote."""
    obj: JsonObject = msgspec.json.decode(body)
    return obj


def fingerprint(*parts: bytes) -> bytes:
    """A short digest: the same for the same bytes."""
    return blake2b(b"\0".join(parts), digest_size=16).digest()


def object_row(kind: str, obj: Mapping[str, Any], body: bytes) -> ObjectRow:
    """The row of an object that was validated; `body` is its JSON text as it came."""
    return ObjectRow(
        kind=kind,
        id=obj["id"],
        body=body,
        created_at=read_stamp(obj, "created_at"),
        updated_at=read_stamp(obj, "updated_at"),
        context_id=obj.get("context_id"),
        plan_id=_plan_of(kind, obj),
        status=_status(kind, obj),
        type=_text(obj.get("type")),
        name=_text(obj.get("name")),
        stage=_text(obj.get("lifecycle_stage")),
        expires_at=_expiry(obj) if kind == "confirmation" else None,
    )


def _expiry(confirmation: Mapping[str, Any]) -> int | None:
    """When a confirmation expires; None where it never does, or is decided."""
    status = (confirmation.get("result") or {}).get("status") or "pending"
    spelling = confirmation.get("expires_at")
    if spelling is None or status != "pending":
        return None
    return to_micros(parse_time(spelling))


def _plan_of(kind: str, obj: Mapping[str, Any]) -> str | None:
    """The plan that an object belongs to; that of a confirmation may be said by its target alone."""
    plan_id: str | None = obj.get("plan_id")
    if plan_id is None and kind == "confirmation" and obj["target"]["type"] == "plan":
        target_id: str = obj["target"]["id"]
        return target_id
    return plan_id


def _status(kind: str, obj: Mapping[str, Any]) -> str | None:
    holder = {"confirmation": "result", "extension": "lifecycle"}.get(kind)
    found = obj if holder is None else obj.get(holder) or {}
    return _text(found.get("status"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def read_stamp(obj: Mapping[str, Any], name: str) -> int:
    """`metadata.created_at` or `metadata.updated_at` in microseconds since 1970; 0 where there is none.

    Raises:
        InvalidFormat: it is not an RFC 3339 time.
    """
    spelling = (obj.get("metadata") or {}).get(name)
    if spelling is None:
        return _UNKNOWN
    try:
        micros = to_micros(parse_time(spelling))
    except (ValueError, TypeError, OverflowError):
        raise invalid(InvalidFormat, f"metadata.{name}", "not an RFC 3339 time") from None
    if micros < _EARLIEST:
        raise invalid(InvalidFormat, f"metadata.{name}", "out of the calendar")
    return micros


def stamp(obj: JsonObject, *, created_at: datetime, updated_at: datetime) -> None:
    """Fill in `metadata.created_at` where it is missing, and set `metadata.updated_at`."""
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise invalid(SchemaValidationFailed, "metadata", "Input should be an object")
    metadata = dict(metadata)
    if metadata.get("created_at") is None:
        metadata["created_at"] = format_time(created_at)
    metadata["updated_at"] = format_time(updated_at)
    obj["metadata"] = metadata


def merge(old: ObjectRow, new: ObjectRow) -> ObjectRow:
    """What two records of one object leave, whichever came first.

    The newer one wins, their texts settle ties, and the earliest creation time is kept.
    """
    winner = max(old, new, key=lambda row: (row.updated_at, row.record or row.body))
    created = min((at for at in (old.created_at, new.created_at) if at != _UNKNOWN), default=_UNKNOWN)
    if winner.created_at == created:
        return winner
    obj = decode(winner.body)
    obj["metadata"] = {**(obj.get("metadata") or {}), "created_at": format_time(from_micros(created))}
    record = winner.record or winner.body
    return msgspec.structs.replace(winner, created_at=created, body=encode(obj), record=record)
