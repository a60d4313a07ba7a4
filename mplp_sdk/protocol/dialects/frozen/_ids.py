"""Ids for a line that reads only lower-case UUIDs of version 4. Spec: protocol §9."""

from __future__ import annotations

import re
import uuid
from hashlib import sha256
from typing import Any, Final

from mplp_sdk.protocol.dialects._json import ABSENT
from mplp_sdk.protocol.dialects._table import Codec
from mplp_sdk.protocol.dialects.frozen._objects import UUID4

__all__ = ["ID4", "made_up_id", "v4"]

_UUID4 = re.compile(UUID4)


def v4(name: str) -> str:
    """`name` where it is a UUID of version 4, else one of that form that always follows from `name`.

    So references between exported objects, in one run or in several, still lead to each other.
    """
    if _UUID4.match(lower := name.lower()):
        return lower
    return str(uuid.UUID(bytes=sha256(name.encode()).digest()[:16], version=4))


def made_up_id(what: str, of: str) -> str:
    """The id of something that the frozen line requires and we do not have, such as a plan's context."""
    return v4(f"{what} of {of}")


def _write(value: Any) -> Any:
    return v4(value) if isinstance(value, str) and value else ABSENT


def _read(value: Any) -> Any:
    return value


ID4: Final = Codec(_read, _write)
"""An id; where another one is written, the original is a residue or a loss."""
