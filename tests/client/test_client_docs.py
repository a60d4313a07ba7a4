"""The client's documentation does what it says: its programs run, in order, and it names every method."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mplp_mock_server import MockServer
from mplp_sdk import Client
from mplp_sdk.client import calls

TEXT = (Path(__file__).parent.parent.parent / "docs" / "client.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def said(server: MockServer, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Runs all programs as one, and gives what they print."""

    def run() -> str:
        with Client(base_url=server.url) as client:
            names: dict[str, Any] = {"client": client}
            for number, program in enumerate(PROGRAMS):
                source = program.replace("http://127.0.0.1:8700", server.url)
                # Those with a client of their own close it, and the others go on with ours.
                exec(compile(source, f"program {number}", "exec"), names)  # noqa: S102  # our own text
                names["client"] = client
        return capsys.readouterr().out

    return run


def test_its_programs_run(said: Callable[[], str]) -> None:
    lines = said().splitlines()
    assert "tasks.0.priority – Input should be 'high', 'medium' or 'low'" in lines
    assert "ok" in lines
    assert any(line.startswith("4001 404 ") for line in lines)
    assert any(line.startswith("{'branch': 'main'}") for line in lines)
    assert any(line.startswith("completed [") for line in lines)
    assert any(line.startswith("False – ") for line in lines)
    assert lines[-1] == "release"


def test_it_names_every_method() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \|$", TEXT, re.MULTILINE))
    named = {space: set(re.findall(r"`(\w+)`", cells)) for space, cells in table.items()}
    modules = {name: getattr(calls, name) for name in calls.__all__ if name.islower() and name != "system"}
    wanted = {space: set(module.__all__) for space, module in modules.items()}
    wanted["executions"].add("wait")
    assert named == wanted


def test_it_tells_the_defaults() -> None:
    from mplp_sdk.client import Options

    assert f"| `timeout` | {Options().timeout:g} s |" in TEXT
    assert f"| `max_attempts` | {Options().max_attempts} |" in TEXT
    assert f"| `max_backoff` | {Options().max_backoff:g} s |" in TEXT
