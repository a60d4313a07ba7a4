"""The whole path, as a user walks it: record an agent, ship it, read it back, look at it on a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from mplp_mock_server import MockServer
from mplp_sdk import Client
from mplp_sdk.models import Plan, Span
from mplp_sdk.protocol.dialects.frozen import schema as frozen_schema
from mplp_sdk.protocol.schemas import schema

ROOT = Path(__file__).parent.parent.parent
SOURCES = {
    path.stem: json.loads(path.read_text())
    for path in (ROOT / "tests" / "models" / "source_schemas").glob("design-*.json")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (source["$id"], Resource.from_contents(source)) for source in SOURCES.values()
)


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=os.environ | environment | {"COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `make demo` printed, and the folder that it ran in."""
    folder = tmp_path_factory.mktemp("demo")
    return run(str(ROOT / "examples" / "demo.py"), cwd=folder), folder


@pytest.fixture(scope="module")
def server(demo: tuple[str, Path]) -> Iterator[MockServer]:
    """A server on the database that the demo left."""
    with MockServer(db=str(demo[1] / ".mplp" / "demo.sqlite")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: MockServer) -> Iterator[Client]:
    with Client(base_url=server.url) as client:
        yield client


def test_the_demo_shows_tree_plan_approval_and_context(demo: tuple[str, Path]) -> None:
    said = demo[0]
    assert re.search(r"search_docs +execute +[\d.]+ ms +success", said)
    assert re.search(r"ScriptedModel +invoke +[\d.]+ ms +success +\d+ tokens", said)
    assert re.search(r"publish +completed +2×", said)
    assert re.search(r"write_report +approved +Dana Fischer +\d\d:\d\d:\d\d +the figures match", said)
    assert re.search(r"goal +How many full ingest bodies", said)
    assert re.search(r"http://127\.0\.0\.1:\d+/v1\.0/traces/[0-9a-f-]{36}", said)


def test_the_agents_work_was_real(demo: tuple[str, Path]) -> None:
    report = demo[1] / ".mplp" / "reports" / "spool-budget.md"
    assert "64 full ingest bodies of 8 MiB fit into the spool's budget of 512 MiB." in report.read_text()


def test_two_traces_share_one_context(client: Client) -> None:
    traces = list(client.traces.list())
    assert [trace.status for trace in traces] == ["success", "success"]
    assert len({trace.context_id for trace in traces}) == 1
    assert [trace.error_count for trace in traces] == [0, 0]


def test_every_span_hangs_on_its_parent_and_its_task(client: Client) -> None:
    (plan,) = client.plans.list()
    tasks = {task.id: task.name for task in plan.tasks}
    spans = [span for trace in client.traces.list() for span in client.traces.spans(trace.trace_id)]
    known = {span.span_id for span in spans}
    assert sorted(span.action.name for span in spans if span.parent_span_id is None) == ["document_agent"] * 2
    assert {span.parent_span_id for span in spans if span.parent_span_id} <= known
    done = {tasks[span.task_id] for span in spans if span.task_id}
    assert done == {"research", "model", "tools", "draft", "publish"}


def objects(client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything recorded, as the server sends it: kind and object."""
    yield from (("context", context.to_wire()) for context in client.contexts.list())
    yield from (("plan", plan.to_wire()) for plan in client.plans.list())
    yield from (("confirm", confirmation.to_wire()) for confirmation in client.confirmations.list())
    for trace in client.traces.list():
        yield from (("trace", span.to_wire()) for span in client.traces.spans(trace.trace_id))


@pytest.mark.requirement("OBJ-CANONICAL-SCHEMAS")
def test_what_was_recorded_obeys_the_schemas_of_the_design_document_and_ours(client: Client) -> None:
    wrong = [
        f"{kind} {error.json_path}: {error.message}"
        for kind, obj in objects(client)
        for rules in (SOURCES[f"design-{kind}"], schema("confirmation" if kind == "confirm" else kind))
        for error in Draft202012Validator(
            rules, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).iter_errors(obj)
    ]
    assert wrong == []


def test_mplp_runs_and_show(server: MockServer, client: Client, tmp_path: Path) -> None:
    listing = run("-m", "mplp_sdk.cli", "runs", "--base-url", server.url, cwd=tmp_path)
    newest = client.traces.list().items[0]
    assert re.search(rf"{newest.trace_id} +document_agent +success", listing)
    shown = run("-m", "mplp_sdk.cli", "show", newest.trace_id, cwd=tmp_path, MPLP_BASE_URL=server.url)
    assert re.search(r"document_agent +invoke .* success", shown)
    assert "Plan against what ran: document_agent 1.0.0, completed" in shown


def test_an_unknown_run_says_so(server: MockServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mplp_sdk.cli", "show", "no-such-run", "--base-url", server.url]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: 4001 RESOURCE_NOT_FOUND")
    assert "Traceback" not in done.stderr


def test_recorded_text_never_becomes_markup_or_an_escape(tmp_path: Path) -> None:
    hostile = "[bold red]boo[/] \x1b[31mred\x1b[0m [link=http://x]y[/link]"
    with MockServer() as server, Client(base_url=server.url) as client:
        context = client.contexts.create(name=hostile)
        client.plans.create(name=hostile, context_id=context.id, tasks=[{"name": hostile}])
        client.traces.record(
            trace_id="t-1",
            context_id=context.id,
            agent_id="a-1",
            action={"name": hostile, "type": "invoke"},
            timestamp={"start": "2026-01-02T03:04:05Z"},
        )
        shown = run("-m", "mplp_sdk.cli", "show", "t-1", "--base-url", server.url, cwd=tmp_path)
    assert "\x1b" not in shown
    assert shown.count(r"[bold red]boo[/] \x1b[31mred\x1b[0m [link=http://x]y[/link]") == 4


def test_what_a_killed_process_left_is_drained_by_the_command_line(tmp_path: Path) -> None:
    program = """
import os, signal
from mplp_sdk import Recorder
recorder = Recorder()
run = recorder.start_run("doomed")
for number in range(50):
    run.start_span(f"step {number}").end(output=number)
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, timeout=60)
    assert died.returncode == -9
    assert re.search(r"left behind +0 +102 ", run("-m", "mplp_sdk.cli", "spool", "status", cwd=tmp_path))
    with MockServer() as server, Client(base_url=server.url) as client:
        said = run("-m", "mplp_sdk.cli", "spool", "drain", "--base-url", server.url, cwd=tmp_path)
        assert said == "102 records delivered from 1 streams\n"
        (trace,) = client.traces.list()
        assert (trace.name, trace.status, trace.span_count) == ("doomed", "running", 51)
    assert run("-m", "mplp_sdk.cli", "spool", "status", cwd=tmp_path) == "The spool is empty.\n"


def test_models_are_what_the_client_returns(client: Client) -> None:
    plan = client.plans.list().items[0]
    span = client.traces.spans(client.traces.list().items[0].trace_id)[0]
    assert (type(plan), type(span)) == (Plan, Span)


@pytest.mark.parametrize("form", ["canonical", "frozen"])
def test_mplp_export_writes_one_document(
    form: str, server: MockServer, client: Client, tmp_path: Path
) -> None:
    trace = client.traces.list().items[0]
    command = ["-m", "mplp_sdk.cli", "export", trace.trace_id, "--format", form, "-o", "run.json"]
    run(*command, "--base-url", server.url, cwd=tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    if form == "canonical":
        assert len(document["spans"]) == trace.span_count
        return
    for kind, objects in (
        ("context", [document["context"]]),
        ("plan", document["plans"]),
        ("confirmation", document["confirms"]),
        ("trace", [document["trace"]]),
    ):
        assert [list(Draft7Validator(frozen_schema(kind)).iter_errors(obj)) for obj in objects] == [[]]
