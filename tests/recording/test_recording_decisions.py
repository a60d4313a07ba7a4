"""Delivery as a conversation: what it wants done, what it is told. No network, no thread, no clock."""

from __future__ import annotations

from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.models import IngestResult
from mplp_sdk.recording._delivery import Delivery, Refuse, Send, Settle, Wait, deliver
from mplp_sdk.recording.spool import Record


def records(*sequences: int) -> list[Record]:
    return [Record(sequence, b"{}", 0) for sequence in sequences]


def answer(high_water: int | None, *rejected: int) -> IngestResult:
    return IngestResult.model_validate(
        {
            "accepted": 0,
            "rejected": [{"line": line, "error": {"code": "3001"}} for line in rejected],
            "stream": None if high_water is None else {"id": "s", "high_water": high_water},
        }
    )


def numbers(step: Any) -> list[int]:
    assert isinstance(step, Send)
    return [record.sequence for record in step.records]


def ends(delivery: Delivery, said: Any = None) -> bool:
    try:
        delivery.send(said)
    except StopIteration:
        return True
    return False


def test_what_the_server_has_is_settled() -> None:
    delivery = deliver(records(4, 5, 6))
    assert numbers(delivery.send(None)) == [4, 5, 6]
    assert delivery.send(answer(6)) == Settle(6, 3)
    assert ends(delivery)


def test_a_server_that_is_ahead_settles_this_batch_only() -> None:
    delivery = deliver(records(4, 5, 6))
    delivery.send(None)
    assert delivery.send(answer(1000)) == Settle(6, 3)
    assert ends(delivery)


def test_a_server_without_streams_is_believed() -> None:
    delivery = deliver(records(1, 2))
    delivery.send(None)
    assert delivery.send(answer(None)) == Settle(2, 2)


def test_what_the_server_does_not_have_is_sent_again() -> None:
    delivery = deliver(records(1, 2, 3))
    delivery.send(None)
    assert delivery.send(answer(1)) == Settle(1, 1)
    assert numbers(delivery.send(None)) == [2, 3]
    assert isinstance(delivery.send(answer(1)), Wait)
    assert numbers(delivery.send(None)) == [2, 3]
    assert delivery.send(answer(3)) == Settle(3, 2)
    assert ends(delivery)


def test_refused_lines_are_kept_before_the_batch_is_settled() -> None:
    delivery = deliver(records(7, 8, 9))
    delivery.send(None)
    step = delivery.send(answer(9, 2))
    assert isinstance(step, Refuse)
    assert step.record.sequence == 8
    assert delivery.send(None) == Settle(9, 2)


def test_a_dead_letter_that_cannot_be_written_is_tried_again() -> None:
    delivery = deliver(records(1))
    delivery.send(None)
    refusal = delivery.send(answer(1, 1))
    assert isinstance(delivery.send(OSError("disk full")), Wait)
    assert delivery.send(None) == refusal
    assert delivery.send(None) == Settle(1, 0)


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
@pytest.mark.parametrize(
    "error",
    [
        errors.NetworkError("no way"),
        errors.RequestTimeout("too slow"),
        errors.ServiceUnavailable("closed"),
        errors.ConfigurationError("set up wrongly"),
        errors.InvalidToken("who are you"),
        errors.NotFound("no such path"),
        errors.InvalidResponse("a page", status=400),
        RuntimeError("anything else"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_of_the_records_is_waited_out_for_ever(error: Exception) -> None:
    delivery = deliver(records(1, 2))
    step: Any = delivery.send(None)
    for _ in range(200):
        assert numbers(step) == [1, 2]
        wait = delivery.send(error)
        assert isinstance(wait, Wait)
        assert 0 <= wait.seconds <= 30
        assert not wait.asked
        step = delivery.send(None)


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
def test_waits_grow_and_are_spread_over_their_whole_length() -> None:
    def waits(attempts: int) -> list[float]:
        delivery = deliver(records(1), longest_backoff=8.0)
        delivery.send(None)
        found = []
        for _ in range(attempts):
            wait = delivery.send(errors.NetworkError("x"))
            assert isinstance(wait, Wait)
            found.append(wait.seconds)
            delivery.send(None)
        return found

    many = [waits(12) for _ in range(300)]
    for attempt, most in ((0, 0.25), (1, 0.5), (3, 2.0), (11, 8.0)):
        seconds = [each[attempt] for each in many]
        assert max(seconds) <= most
        assert max(seconds) > 0.9 * most
        assert min(seconds) < 0.1 * most


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
def test_the_server_is_not_asked_before_it_wants_to_be() -> None:
    delivery = deliver(records(1))
    delivery.send(None)
    wait = delivery.send(errors.QuotaExceeded("slow down", retry_after=40.0))
    assert isinstance(wait, Wait)
    assert wait.seconds >= 40
    assert wait.asked


@pytest.mark.requirement("SPOOL-SHIP-DEAD-LETTERS", "SPOOL-SHIP-SPLIT")
@pytest.mark.parametrize(
    "error",
    [
        errors.ValueOutOfRange("too large", status=413),
        errors.InvalidFormat("no JSON", status=400),
        errors.ContextInvalid("no context"),
        errors.InvalidResponse("a proxy's page", status=413),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_with_a_batch_is_found_by_halves(error: Exception) -> None:
    delivery = deliver(records(1, 2, 3, 4))
    settled: list[Settle] = []
    refused: list[int] = []
    sent: list[list[int]] = []
    step: Any = delivery.send(None)
    while step is not None:
        said: Any = None
        if isinstance(step, Send):
            sent.append(numbers(step))
            said = error if 3 in numbers(step) else answer(numbers(step)[-1])
        elif isinstance(step, Refuse):
            refused.append(step.record.sequence)
        elif isinstance(step, Settle):
            settled.append(step)
        try:
            step = delivery.send(said)
        except StopIteration:
            step = None
    assert sent == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]
    assert refused == [3]
    assert settled == [Settle(2, 2), Settle(3, 0), Settle(4, 1)]
