"""`Retry-After`: seconds or a date, and nothing else."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mplp_sdk.client._retry_after import parse_retry_after

pytestmark = pytest.mark.requirement("ERR-RETRY-AFTER")

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_seconds(seconds: int) -> None:
    assert parse_retry_after(f" {seconds} ") == seconds


@given(st.integers(min_value=-(10**6), max_value=10**6))
def test_a_date_counts_from_now_and_a_past_one_is_now(offset: int) -> None:
    date = format_datetime(NOON + timedelta(seconds=offset), usegmt=True)
    assert parse_retry_after(date, now=NOON.timestamp()) == max(0, offset)


@pytest.mark.parametrize("date", ["Friday, 02-Jan-26 12:00:09 GMT", "Fri Jan  2 12:00:09 2026"])
def test_obsolete_dates_are_read_too(date: str) -> None:
    assert parse_retry_after(date, now=NOON.timestamp()) == 9


@pytest.mark.parametrize(
    "value", [None, "", "nan", "inf", "-inf", "-1", "+1", "1e3", "1_000", "0x10", "٣", "5 s", "9" * 400, "."]
)
def test_nonsense_is_none(value: str | None) -> None:
    assert parse_retry_after(value) is None


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,5} [0-9:]{1,10} .{0,5}"))
def test_whatever_comes_the_wait_is_none_or_a_length_of_time(value: str) -> None:
    wait = parse_retry_after(value)
    assert wait is None or (wait >= 0 and math.isfinite(wait))
