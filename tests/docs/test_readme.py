"""The README does what it says: its programs run as they stand, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mplp_mock_server import MockServer

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"<!-- runs: (\w+) -->\n```python\n(.*?)```", README, re.DOTALL))
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def run(program: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_is_twelve_lines_and_runs(tmp_path: Path) -> None:
    assert len(PROGRAMS["quickstart"].splitlines()) <= 12
    said = run(PROGRAMS["quickstart"], tmp_path)
    assert said.startswith("Lyon Stats(")
    assert list((tmp_path / ".mplp" / "spool").iterdir())


def test_the_quickstart_reaches_a_server(tmp_path: Path) -> None:
    with MockServer() as server:
        run(PROGRAMS["quickstart"], tmp_path, MPLP_BASE_URL=server.url)
        listing = run(PROGRAMS["sync"].replace("http://127.0.0.1:8700", server.url), tmp_path)
    assert "RunnableSequence success" in listing
    assert "invoke FakeListChatModel" in listing


def test_the_asynchronous_program_runs(tmp_path: Path) -> None:
    with MockServer() as server:
        said = run(PROGRAMS["async"].replace("http://127.0.0.1:8700", server.url), tmp_path)
    assert re.fullmatch(r"[0-9a-f-]{36} draft\n", said)


def test_the_validation_program_runs(tmp_path: Path) -> None:
    said = run(PROGRAMS["validate"], tmp_path)
    assert "V002 no_circular_dependencies" in said
    assert "Build" in said


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
