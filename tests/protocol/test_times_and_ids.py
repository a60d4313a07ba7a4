"""Times, durations and identifiers. Spec: protocol §1.4, §1.5."""

from __future__ import annotations

import pickle
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mplp_sdk.protocol import ids, times


@pytest.mark.requirement("TIME-WRITTEN")
@pytest.mark.parametrize(
    ("moment", "spelt"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "2026-01-02T03:04:05.678901Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8))), "2026-01-01T19:04:05.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05.000Z"),  # noqa: DTZ001 - naive counts as UTC
    ],
)
def test_times_are_spelt_in_utc_with_milliseconds_or_finer(moment: datetime, spelt: str) -> None:
    assert times.format_time(moment) == spelt


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_the_wire(moment: datetime) -> None:
    assert times.parse_time(times.format_time(moment)) == moment


@pytest.mark.requirement("TIME-DURATION-READ")
@pytest.mark.parametrize(
    ("spelling", "length"),
    [
        ("150ms", timedelta(milliseconds=150)),
        ("8h", timedelta(hours=8)),
        ("2d", timedelta(days=2)),
        ("PT1.5S", timedelta(seconds=1.5)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("1.5 s", timedelta(seconds=1.5)),
        ("90", timedelta(seconds=90)),
        (0.25, timedelta(milliseconds=250)),
        (0, timedelta(0)),
    ],
)
def test_durations_are_read_and_keep_their_spelling(spelling: str | float, length: timedelta) -> None:
    duration = times.parse_duration(spelling)
    assert duration == length
    assert times.format_duration(duration) == spelling
    assert times.format_duration(pickle.loads(pickle.dumps(duration))) == spelling  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "spelling",
    ["", "soon", "-1s", "P", "PT", "1x", -1, float("nan"), float("inf"), True, None, "9" * 30 + "w"],
)
def test_refuses_what_is_no_duration(spelling: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        times.parse_duration(spelling)  # type: ignore[arg-type]  # wrong on purpose


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000)))
def test_a_new_duration_is_spelt_so_that_it_reads_back(length: timedelta) -> None:
    assert abs(times.parse_duration(times.format_duration(length)) - length) <= timedelta(microseconds=1)


@pytest.mark.requirement("TIME-DURATION-SPELLING")
def test_a_changed_duration_loses_its_spelling() -> None:
    assert times.format_duration(times.parse_duration("2h") + timedelta(milliseconds=1)) == "7200001ms"


@pytest.mark.requirement("ID-MADE")
def test_new_ids_are_lower_case_uuids_of_version_4() -> None:
    made = {ids.new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in made)


@pytest.mark.requirement("ID-AGENT")
def test_an_agents_name_always_leads_to_the_same_uuid_of_version_5() -> None:
    assert ids.agent_id("researcher") == ids.agent_id("researcher") != ids.agent_id("Researcher")
    assert uuid.UUID(ids.agent_id("researcher")).version == 5


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_derived_ids_differ_where_their_parts_do(one: list[str], other: list[str]) -> None:
    assert (ids.derived_id("k", *one) == ids.derived_id("k", *other)) == (one == other)


def test_a_context_key_is_scoped_by_its_project() -> None:
    assert ids.context_id("shop", "thread-1") != ids.context_id("bank", "thread-1")
