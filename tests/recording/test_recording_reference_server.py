"""Recorder and reference server together: what was recorded is what the client reads back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mplp_mock_server import MockServer
from mplp_sdk.client import Client
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.recording import PlannedTask, Recorder, SpoolLimits, drain
from mplp_sdk.recording.spool import spool_status

MakeRecorder = Callable[..., Recorder]
QUICK = SpoolLimits(batch_interval=0.01, longest_backoff=0.02)


@pytest.fixture
def reference() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(reference: MockServer) -> Iterator[Client]:
    with Client(reference.url) as opened:
        yield opened


def test_a_run_is_read_back_as_it_was(
    reference: MockServer, client: Client, make_recorder: MakeRecorder
) -> None:
    recorder = make_recorder(base_url=reference.url, spool=QUICK)
    with recorder.start_run("answer", key="t", input="why?", goals=["know"]) as run:
        plan = run.set_plan("steps", [PlannedTask(key="a"), PlannedTask(key="b")])
        with run.start_span("search", task="a") as span:
            span.end(output=["found"], metrics={"input_tokens": 3, "output_tokens": 4})
        plan.complete("a")
        question = run.request_confirmation("k", description="May I?", approvers=["ann"])
        question.decide("approved", approver="ann", comments=["yes"])
        run.set_variables({"x": 1})
    assert recorder.flush(timeout=30)
    spans = {each.action.name: each for each in client.traces.spans(run.trace_id)}
    assert set(spans) == {"answer", "search"}
    assert spans["search"].parent_span_id == spans["answer"].span_id
    assert spans["search"].result is not None
    assert spans["search"].result.output == {"value": ["found"]}
    stored = client.plans.get(plan.plan_id)
    assert [task.status for task in stored.tasks] == ["completed", "pending"]
    decided = client.confirmations.get(question.confirmation_id)
    assert decided.result is not None
    assert decided.result.status == "approved"
    context = client.contexts.get(run.context_id)
    assert context.shared_state.variables == {"x": 1}
    assert [goal.status for goal in context.shared_state.goals] == ["completed"]
    (row,) = list(client.traces.list())
    assert (row.trace_id, row.status, row.span_count) == (run.trace_id, "success", 2)
    assert recorder.stats().refused == 0


@pytest.mark.requirement("REC-CONTEXT-KEY")
def test_taking_up_a_key_later_keeps_what_the_server_knows(
    reference: MockServer, client: Client, make_recorder: MakeRecorder
) -> None:
    first = make_recorder(base_url=reference.url, spool=QUICK)
    with first.start_run("a", key="t") as run:
        run.set_variables({"x": 1})
    assert first.flush(timeout=30)
    second = make_recorder(base_url=reference.url, spool=QUICK)
    second.start_run("b", key="t").end()
    assert second.flush(timeout=30)
    assert client.contexts.get(run.context_id).shared_state.variables == {"x": 1}


@pytest.mark.requirement("SPOOL-DROP-NUMBERED", "SPOOL-STATS")
def test_the_server_names_the_gap_that_the_recorder_counted(
    reference: MockServer, client: Client, make_recorder: MakeRecorder
) -> None:
    recorder = make_recorder(base_url=reference.url, spool=QUICK)
    for _ in range(3):
        recorder.start_run("a").end()
        recorder.record("nonsense", {})
        recorder.record("nonsense", {})
    recorder.start_run("a").end()
    assert recorder.flush(timeout=30)
    (stream,) = client.list_streams()
    stats = recorder.stats()
    assert stream.high_water == stats.recorded
    assert sum(last - first + 1 for first, last in stream.gaps) == sum(stats.dropped.values()) == 6


@pytest.mark.requirement("SPOOL-SHIP-DEAD-LETTERS")
def test_what_the_server_refuses_is_kept_aside(
    reference: MockServer, client: Client, make_recorder: MakeRecorder, home: Path
) -> None:
    recorder = make_recorder(base_url=reference.url, spool=QUICK)
    run = recorder.start_run("a")
    recorder.record("trace", {"id": "not a span"})
    run.end()
    assert recorder.flush(timeout=30)
    stats = recorder.stats()
    assert (stats.refused, stats.waiting) == (1, 0)
    assert stats.delivered == stats.recorded - 1
    assert len((home / "dead-letter").glob("*.ndjson").__next__().read_text().splitlines()) == 1
    assert len(client.traces.spans(run.trace_id)) == 1


@pytest.mark.requirement("SPOOL-ONCE-IN-ORDER", "SPOOL-NO-SERVER", "SPOOL-REPEAT")
def test_a_server_that_is_killed_while_records_come_has_them_all_in_the_end(
    make_recorder: MakeRecorder, tmp_path: Path
) -> None:
    count = 3000
    context, agent, trace = new_id(), new_id(), new_id()
    with MockServer(db=tmp_path / "server.db", subprocess=True) as reference:
        recorder = make_recorder(base_url=reference.url, spool=QUICK)
        for n in range(count):
            span_id = new_id()
            recorder.record(
                "trace",
                {
                    "id": span_id,
                    "span_id": span_id,
                    "trace_id": trace,
                    "context_id": context,
                    "agent_id": agent,
                    "action": {"name": str(n), "type": "execute"},
                    "timestamp": {"start": "2026-01-02T03:04:05Z"},
                },
            )
            if n in (700, 1700):
                reference.kill()
            if n in (1200, 2200):
                reference.start()
        assert recorder.flush(timeout=60)
        with Client(reference.url) as client:
            names = [int(each.action.name) for each in client.traces.spans(trace)]
            (stream,) = client.list_streams()
    assert sorted(names) == list(range(count))
    assert (stream.high_water, stream.gaps) == (count, [])
    assert recorder.stats().delivered == count


@pytest.mark.requirement("SPOOL-KILL", "SPOOL-STREAM-ADOPT")
def test_what_a_killed_process_left_is_drained_without_loss(
    program: Any, reference: MockServer, client: Client, home: Path
) -> None:
    process = program.start(
        """
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        with recorder.start_run("killed") as run:
            print(run.trace_id, flush=True)
            for n in range(1_000_000):
                run.start_span(str(n)).end()
                if n == 300:
                    print("enough", flush=True)
        """
    )
    trace_id = process.stdout.readline().strip()
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = spool_status(home)
    report = drain(home, client)
    assert (report.delivered, report.refused, report.streams) == (left.waiting, 0, 1)
    spans = client.traces.spans(trace_id)
    closed = [span for span in spans if span.timestamp.end is not None]
    assert len(closed) >= 301
    assert spool_status(home) == []
    assert client.get_stream(left.id).high_water == left.waiting


def test_eight_threads_are_delivered_whole(
    reference: MockServer, client: Client, make_recorder: MakeRecorder
) -> None:
    recorder = make_recorder(base_url=reference.url, spool=QUICK)
    traces: list[str] = []

    def work() -> None:
        with recorder.start_run("thread") as run:
            traces.append(run.trace_id)
            for n in range(50):
                run.start_span(str(n)).end()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.flush(timeout=30)
    assert [len(client.traces.spans(trace)) for trace in traces] == [51] * 8
