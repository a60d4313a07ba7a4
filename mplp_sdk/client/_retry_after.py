"""When a server asks to be called again: the HTTP header `Retry-After`. Used by the flow."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["parse_retry_after"]

# Not float(): that takes nan, inf, negatives, 1e9 and 1_000 as well.
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def parse_retry_after(value: str | None, now: float | None = None) -> float | None:
    """Seconds to wait, from a number of seconds or an HTTP date; None for anything else.

    Args:
        now: what a date is measured from, as seconds since 1970; None: the system's clock. A date that is
            past gives 0.

    Spec: protocol §2.2; RFC 9110 §10.2.3.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    moment = _date(text)
    if moment is None:
        return None
    wait = moment - (time.time() if now is None else now)
    return max(0.0, wait) if math.isfinite(wait) else None


def _date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
