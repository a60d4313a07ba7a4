"""From the spool to a server, over real sockets, with a server that misbehaves at a chosen request."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mplp_sdk.errors import NetworkError
from mplp_sdk.recording import Recorder, SpoolLimits, drain
from mplp_sdk.recording.spool import spool_status

QUICK = SpoolLimits(batch_interval=0.01, longest_backoff=0.02)
MakeRecorder = Callable[..., Recorder]


def record(recorder: Recorder, numbers: range, **members: object) -> None:
    for n in numbers:
        recorder.record("trace", {"n": n, **members})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.requirement("SPOOL-SHIP-BATCHES", "SPOOL-ONCE-IN-ORDER")
def test_records_arrive_once_in_order_and_compressed(server: Any, make_recorder: MakeRecorder) -> None:
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(2000), text="x" * 200)
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(2000))
    assert max(len(batch.lines) for batch in server.batches) <= 512
    assert {batch.headers["content-encoding"] for batch in server.batches} == {"gzip"}
    assert [batch.first for batch in server.batches] == [
        1 + sum(len(batch.lines) for batch in server.batches[:i]) for i in range(len(server.batches))
    ]


@pytest.mark.requirement("SPOOL-SHIP-BATCHES")
def test_a_batch_holds_a_mebibyte_at_most(server: Any, make_recorder: MakeRecorder) -> None:
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(60), text="x" * 100_000)
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(60))
    assert max(sum(map(len, batch.lines)) for batch in server.batches) <= 1024 * 1024


@pytest.mark.requirement("SPOOL-STATS")
def test_the_numbers_add_up(server: Any, make_recorder: MakeRecorder) -> None:
    server.always = lambda it, batch: it.commit(batch, refused=lambda line: line["object"]["n"] == 3)
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(10))
    recorder.record("no such kind", {})
    assert recorder.flush(timeout=30)
    stats = recorder.stats()
    assert (stats.recorded, stats.stored, stats.delivered) == (11, 10, 9)
    assert (stats.refused, stats.waiting, stats.dropped) == (1, 0, {"invalid": 1})


@pytest.mark.requirement("SPOOL-NO-SERVER", "SPOOL-SHIP-RETRIES")
def test_a_server_that_comes_up_later_gets_everything(
    serve: Callable[[int], Any], make_recorder: MakeRecorder
) -> None:
    port = free_port()
    recorder = make_recorder(base_url=f"http://127.0.0.1:{port}", spool=QUICK)
    record(recorder, range(50))
    assert not recorder.flush(timeout=0.05)
    assert recorder.stats().waiting == 50
    server = serve(port)
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(50))


@pytest.mark.requirement("SPOOL-NO-SERVER")
def test_a_server_that_goes_down_and_comes_back_misses_nothing(
    serve: Callable[..., Any], make_recorder: MakeRecorder
) -> None:
    first = serve()
    port = int(first.url.rsplit(":", 1)[1])
    recorder = make_recorder(base_url=first.url, spool=QUICK)
    record(recorder, range(20))
    assert recorder.flush(timeout=30)
    first.stop()
    record(recorder, range(20, 40))
    assert not recorder.flush(timeout=0.05)
    second = serve(port)
    assert recorder.flush(timeout=30)
    assert first.names() + second.names() == list(range(40))


@pytest.mark.requirement("SPOOL-REPEAT", "SPOOL-ONCE-IN-ORDER")
def test_a_batch_whose_answer_was_lost_has_no_second_effect(server: Any, make_recorder: MakeRecorder) -> None:
    def commit_and_drop(it: Any, batch: Any) -> str:
        it.commit(batch)
        return "drop"

    server.faults.append(commit_and_drop)
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(30))
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(30))
    assert server.batches[0].first == server.batches[1].first == 1
    assert recorder.stats().delivered == 30


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
@pytest.mark.parametrize("status", [500, 502, 503, 429, 401, 403, 404])
def test_what_says_nothing_of_the_records_is_tried_again(
    server: Any, make_recorder: MakeRecorder, status: int
) -> None:
    codes = {500: "1001", 502: "1005", 503: "1002", 429: "4004", 401: "2001", 403: "2004", 404: "4001"}
    server.faults.extend([lambda it, _: it.fail(status, codes[status])] * 3)
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(5))
    server.wait_until(lambda: server.total == 5)
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(5))
    assert recorder.stats().refused == 0


def odd_answers() -> dict[str, Callable[[Any, Any], Any]]:
    return {
        "a page of HTML": lambda it, _: it.page(200),
        "a proxy's page with an error": lambda it, _: it.page(502),
        "a broken connection": lambda _, __: "drop",
        "JSON of another kind": lambda it, _: it.succeed({"hello": "world"}),
        "a mark that does not move": lambda it, batch: it.succeed(
            {"accepted": 0, "rejected": [], "stream": {"id": batch.stream, "high_water": 0, "gaps": []}}
        ),
    }


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
@pytest.mark.parametrize("answer", odd_answers())
def test_an_odd_answer_loses_nothing(server: Any, make_recorder: MakeRecorder, answer: str) -> None:
    server.faults.extend([odd_answers()[answer]] * 3)
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(5))
    server.wait_until(lambda: server.total == 5)
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(5))


def test_a_server_that_took_half_gets_the_other_half(server: Any, make_recorder: MakeRecorder) -> None:
    def take_two(it: Any, batch: Any) -> Any:
        return it.commit(type(batch)(batch.stream, batch.first, batch.lines[:2], {}, 0))

    recorder = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=60, longest_backoff=0.02))
    server.faults.append(take_two)
    record(recorder, range(7))
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(7))


@pytest.mark.requirement("SPOOL-SHIP-RETRIES")
def test_retry_after_is_waited_for_even_by_those_who_flush(server: Any, make_recorder: MakeRecorder) -> None:
    server.always = lambda it, _: it.fail(503, "1002", Retry_After="3600")
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(3))
    server.wait_until(lambda: len(server.batches) == 1)
    for _ in range(3):
        assert not recorder.flush(timeout=0.05)
    assert len(server.batches) == 1


@pytest.mark.requirement("SPOOL-SHIP-DEAD-LETTERS")
def test_a_refused_line_goes_to_the_dead_letters_and_the_rest_arrives(
    server: Any, make_recorder: MakeRecorder, home: Path
) -> None:
    server.always = lambda it, batch: it.commit(batch, refused=lambda line: line["object"]["n"] % 10 == 7)
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(30))
    assert recorder.flush(timeout=30)
    assert server.names() == [n for n in range(30) if n % 10 != 7]
    (file,) = (home / "dead-letter").iterdir()
    letters = [json.loads(line) for line in file.read_text().splitlines()]
    assert [json.loads(letter["record"])["object"]["n"] for letter in letters] == [7, 17, 27]
    assert [letter["sequence"] for letter in letters] == [8, 18, 28]
    assert {letter["error"]["code"] for letter in letters} == {"3001"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert recorder.stats().refused == 3


@pytest.mark.requirement("SPOOL-SHIP-DEAD-LETTERS")
def test_a_batch_refused_as_a_whole_is_searched_for_the_one_at_fault(
    server: Any, make_recorder: MakeRecorder
) -> None:
    def refuse_whole(it: Any, batch: Any) -> Any:
        return it.fail(400, "3003") if any(b'"n":13' in line for line in batch.lines) else None

    server.always = refuse_whole
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(40))
    assert recorder.flush(timeout=30)
    assert server.names() == [n for n in range(40) if n != 13]
    assert recorder.stats().refused == 1


@pytest.mark.requirement("SPOOL-SHIP-SPLIT")
@pytest.mark.parametrize("answer", ["envelope", "page"])
def test_a_batch_that_is_too_large_is_split(server: Any, make_recorder: MakeRecorder, answer: str) -> None:
    def too_large(it: Any, batch: Any) -> Any:
        if len(batch.lines) <= 3:
            return None
        return it.fail(413, "3004") if answer == "envelope" else it.page(413)

    server.always = too_large
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(50))
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(50))
    assert recorder.stats().refused == 0


def test_what_is_not_settled_stays_on_disk_when_a_batch_goes_in_parts(
    server: Any, make_recorder: MakeRecorder, spool: Any
) -> None:
    def take_some(it: Any, batch: Any) -> Any:
        if len(batch.lines) > 40:
            return it.fail(413, "3004")
        return None if batch.first == 1 else it.fail(503, "1002")

    recorder = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=60, segment_bytes=65536))
    server.always = take_some
    record(recorder, range(300), text="x" * 500)
    assert not recorder.flush(timeout=0.5)
    taken = server.total
    assert 0 < taken < 300
    recorder.close(timeout=0.0)
    assert set(server.names()) | set(spool.numbers()) == set(range(300))


@pytest.mark.requirement("SPOOL-DROP-NUMBERED", "SPOOL-ONCE-IN-ORDER")
def test_a_dropped_record_leaves_a_gap_in_the_numbers(server: Any, make_recorder: MakeRecorder) -> None:
    recorder = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=60))
    record(recorder, range(3))
    recorder.record("nonsense", {})
    record(recorder, range(3, 5))
    recorder.record("nonsense", {})
    assert recorder.flush(timeout=30)
    (stream,) = server.arrivals
    assert server.arrivals[stream] == [1, 2, 3, 5, 6]
    assert [(batch.first, len(batch.lines)) for batch in server.batches][-1] == (5, 2)


@pytest.mark.requirement("SPOOL-SHIP-KEEP-ALIVE")
def test_a_connection_that_the_server_gave_up_costs_no_request(
    server: Any, make_recorder: MakeRecorder
) -> None:
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(3))
    assert recorder.flush(timeout=30)
    assert server.closed_idle.wait(30)
    record(recorder, range(3, 6))
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(6))
    assert sum(len(batch.lines) for batch in server.batches) == 6


def test_delivered_streams_leave_the_disk(server: Any, make_recorder: MakeRecorder, home: Path) -> None:
    recorder = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=0.01, segment_bytes=65536))
    record(recorder, range(1000), text="x" * 500)
    assert recorder.flush(timeout=30)
    (row,) = spool_status(home)
    assert row.waiting == 0
    assert row.size <= 3 * 65536
    recorder.close()
    assert spool_status(home) == []
    assert server.names() == list(range(1000))


@pytest.mark.requirement("SPOOL-STREAM-ADOPT")
def test_a_later_recorder_delivers_what_an_earlier_one_left(
    server: Any, make_recorder: MakeRecorder, home: Path
) -> None:
    earlier = make_recorder()
    record(earlier, range(700))
    earlier.close()
    (row,) = spool_status(home)
    assert (row.waiting, row.in_use) == (700, False)
    later = make_recorder(base_url=server.url, spool=QUICK)
    record(later, range(1))
    server.wait_until(lambda: server.total == 701)
    assert sorted(server.arrivals[row.id]) == server.arrivals[row.id] == list(range(1, 701))
    assert later.flush(timeout=30)


@pytest.mark.requirement("SPOOL-STREAM-LOCK")
def test_a_stream_in_use_is_left_alone(server: Any, make_recorder: MakeRecorder, home: Path) -> None:
    writing = make_recorder()
    record(writing, range(5))
    gone = make_recorder()
    record(gone, range(5, 10))
    gone.close()
    shipping = make_recorder(base_url=server.url, spool=QUICK)
    record(shipping, range(10, 11))
    server.wait_until(lambda: server.total == 6)
    assert sorted(server.names()) == [5, 6, 7, 8, 9, 10]
    assert sum(row.waiting for row in spool_status(home)) >= 5


def test_drain_empties_a_home(server: Any, make_recorder: MakeRecorder, home: Path) -> None:
    from mplp_sdk.client import Client

    for start in (0, 10):
        earlier = make_recorder()
        record(earlier, range(start, start + 10))
        earlier.close()
    busy = make_recorder()
    record(busy, range(1))
    with Client(server.url, max_attempts=1) as client:
        report = drain(home, client)
    assert (report.delivered, report.refused, report.streams, report.in_use) == (20, 0, 2, 1)
    assert sorted(server.names()) == list(range(20))
    assert [row.in_use for row in spool_status(home)] == [True]


def test_drain_says_what_is_wrong_and_keeps_what_is_left(make_recorder: MakeRecorder, home: Path) -> None:
    from mplp_sdk.client import Client

    earlier = make_recorder()
    record(earlier, range(10))
    earlier.close()
    with Client(f"http://127.0.0.1:{free_port()}", max_attempts=1) as client, pytest.raises(NetworkError):
        drain(home, client)
    assert [row.waiting for row in spool_status(home)] == [10]


def test_bodies_are_lines_of_kind_and_object(server: Any, make_recorder: MakeRecorder) -> None:
    recorder = make_recorder(base_url=server.url, api_key="k-1", spool=QUICK)
    recorder.record("role", {"n": 1, "name": "a\nb"})
    assert recorder.flush(timeout=30)
    (batch,) = server.batches
    assert [json.loads(line) for line in batch.lines] == [
        {"kind": "role", "object": {"n": 1, "name": "a\nb"}}
    ]
    assert batch.headers["content-type"] == "application/x-ndjson"
    assert batch.headers["x-api-key"] == "k-1"
    assert batch.size < len(gzip.compress(batch.lines[0])) + 50


@pytest.mark.requirement("SPOOL-EXIT")
def test_close_keeps_what_a_silent_server_does_not_take(
    server: Any, make_recorder: MakeRecorder, home: Path
) -> None:
    server.always = lambda it, _: it.fail(503, "1002")
    recorder = make_recorder(base_url=server.url, spool=QUICK)
    record(recorder, range(10))
    recorder.close(timeout=0.1)
    assert recorder.stats().waiting == 10
    assert [(row.waiting, row.in_use) for row in spool_status(home)] == [(10, False)]
