"""`mplp validate`: what it reads, what it prints, how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mplp_sdk.cli._app import app
from mplp_sdk.protocol.dialects import convert
from samples import SAMPLES, sample


def run(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)], input=given, env={"COLUMNS": "80"})


def write(path: Path, *objects: Any) -> Path:
    path.write_text("\n".join(map(json.dumps, objects)))
    return path


def test_valid_objects_exit_0(tmp_path: Path) -> None:
    done = run(*(write(tmp_path / f"{kind}.json", obj) for kind, obj in SAMPLES.items() if kind != "trace"))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "plan.json: valid" in done.stdout
    assert done.stdout.endswith("6 of 6 objects are valid.\n")


def test_an_invalid_object_exits_1_and_is_explained(tmp_path: Path) -> None:
    file = write(tmp_path / "plan.json", sample("plan", id="plan-1", version="1.0"))
    done = run(file)
    assert done.exit_code == 1
    assert done.stdout == (
        f"{file}: invalid, 1 error, 1 warning\n"
        "  V026 plan.id  format_correct\n"
        "      Input should be a UUID in lower case. Found: plan-1\n"
        "      Write a UUID in lower case, such as 00000000-0000-4000-8000-000000000001.\n"
        "  W003 plan.version  version_portable\n"
        "      Not every dialect can carry this version: some take exactly three numbers. Found: 1.0\n"
        "      Write three numbers, such as 1.0.0.\n"
    )


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (json.dumps(sample("plan")), [""]),
        (json.dumps(sample("plan"), indent=2), [""]),
        ("\ufeff" + json.dumps(sample("plan")), [""]),
        (json.dumps([sample("plan"), sample("role")]), ["[0]", "[1]"]),
        (
            json.dumps(sample("plan")) + "\n\n" + json.dumps({"kind": "role", "object": sample("role")}),
            [":1", ":3"],
        ),
        ("[]", []),
    ],
)
def test_reads_an_object_an_array_and_lines(tmp_path: Path, text: str, places: list[str]) -> None:
    (tmp_path / "x").write_text(text)
    done = run(tmp_path / "x", "--json")
    assert done.exit_code == 0
    assert [entry["file"] for entry in json.loads(done.stdout)] == [
        f"{tmp_path / 'x'}{place}" for place in places
    ]


def test_reads_standard_input_and_prints_results_as_json() -> None:
    done = run("-", "--json", given=json.dumps(sample("plan", tasks=[])))
    assert done.exit_code == 1
    [entry] = json.loads(done.stdout)
    assert entry["file"] == "standard input"
    assert set(entry["result"]) == {"valid", "errors", "warnings", "metadata"}
    assert entry["result"]["errors"][0]["code"] == "V005"


@pytest.mark.parametrize(
    "content", [b"{", b"", b"\xff\xfe", b"[" * 100_000, b'{"a": 1}\n{"b": 2\n', b'{\n "a": 1,\n "b"\n}']
)
def test_a_file_that_cannot_be_read_exits_2(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    done = run(tmp_path / "x")
    assert done.exit_code == 2
    assert "unreadable" in done.stdout
    assert run(tmp_path / "x", "--json").exit_code == 2


def test_an_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    done = run(tmp_path / "none.json", write(tmp_path / "plan.json", sample("plan")), "--json")
    assert done.exit_code == 2
    first, second = json.loads(done.stdout)
    assert first == {"file": str(tmp_path / "none.json"), "unreadable": "No such file or directory"}
    assert second["result"]["valid"] is True


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--kind", "banana"], ["x", "--dialect", "latin"], ["x", "--what"]]
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("Usage: ")


def test_kind_and_dialect_can_be_named() -> None:
    assert run("-", "--kind", "plan", given="{}").exit_code == 1
    written = json.dumps(convert(sample("plan"), to="rfc").object)
    assert run("-", "--dialect", "rfc", given=written).exit_code == 0
    assert run("-", given=written).exit_code == 0
    assert "V023" in run("-", "--dialect", "canonical", "--kind", "plan", given=written).stdout


def test_objects_of_all_files_are_related(tmp_path: Path) -> None:
    context = sample("context", environment={"platform": "cloud", "resources": {"cpu": 0.5}})
    plan, where = write(tmp_path / "plan.json", sample("plan")), write(tmp_path / "context.json", context)
    assert run(plan).exit_code == 0
    done = run(plan, where)
    assert done.exit_code == 1
    assert "resource_constraints_met" in done.stdout


def test_untrusted_text_stays_text(tmp_path: Path) -> None:
    obj = sample("plan", status="[bold]\x1b[31mred\n\nnext")
    done = run(write(tmp_path / "x.json", obj))
    assert "\x1b" not in done.stdout
    assert "[bold]\\x1b[31mred next" in done.stdout
