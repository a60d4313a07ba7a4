"""`mplp convert`: JSON on standard output, losses on standard error, and what went wrong in the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mplp_sdk.cli._app import app
from samples import SAMPLES, sample


@pytest.fixture
def plan(tmp_path: Path) -> str:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(sample("plan")))
    return str(file)


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["convert", *arguments], input=given)


@pytest.mark.requirement("DIALECT-RECOGNISED")
def test_an_object_is_recognised_and_printed(plan: str) -> None:
    done = run(plan, "--to", "rfc")
    assert (done.exit_code, done.stderr) == (0, "")
    written = json.loads(done.stdout)
    assert written["planId"] == SAMPLES["plan"]["id"]
    back = run("-", "--to", "canonical", given=done.stdout)
    assert json.loads(back.stdout) == SAMPLES["plan"]


@pytest.mark.requirement("DIALECT-LOSSES-NAMED")
def test_losses_go_to_standard_error(plan: str) -> None:
    done = run(plan, "--to", "frozen")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["title"] == "Report plan"
    assert "lost: /workflow" in done.stderr.splitlines()


def test_the_result_can_go_to_a_file(plan: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = run(plan, "--to", "draft", "-o", str(out))
    assert (done.exit_code, done.stdout) == (0, "")
    assert json.loads(out.read_text())["title"] == "Report plan"


def test_the_spans_of_a_trace_become_one_object(tmp_path: Path) -> None:
    file = tmp_path / "spans.json"
    file.write_text(json.dumps([sample("trace")]))
    done = run(str(file), "--to", "frozen")
    assert json.loads(done.stdout)["trace_id"] == SAMPLES["trace"]["trace_id"]


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("{}", [], "no known object"),
        ('{"planId": "x", "steps": []}', ["--from", "frozen"], "no known object"),
        (json.dumps(SAMPLES["role"]), [], "the draft dialect has no role; it has context, execution, plan"),
        (
            '{"id": "1", "tasks": 3}',
            ["--from", "canonical", "--kind", "plan"],
            "not a plan: name: Field required",
        ),
    ],
)
def test_what_cannot_be_converted_ends_with_1(given: str, options: list[str], said: str) -> None:
    done = run("-", "--to", "draft", *options, given=given)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-"], "Missing option '--to'"),
        (["-", "--to", "xml"], "'xml' is not one of 'canonical', 'rfc', 'draft'"),
        (["-", "--to", "rfc", "--kind", "wish"], "'wish' is not one of"),
        (["/nowhere/at/all.json", "--to", "rfc"], "No such file"),
        (["-", "--to", "rfc"], "Invalid value for FILE: it is not JSON"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], said: str) -> None:
    done = run(*arguments, given="{")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_file_that_cannot_be_written_ends_with_2(plan: str, tmp_path: Path) -> None:
    done = run(plan, "--to", "rfc", "-o", str(tmp_path / "no" / "folder.json"))
    assert done.exit_code == 2
    assert "cannot write" in done.stderr
