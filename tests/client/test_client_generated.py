"""The synchronous client is exactly what the script makes of the asynchronous one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "mplp_sdk" / "client", tmp_path / "mplp_sdk" / "client")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "generate_sync.py", tmp_path / "scripts")
    return tmp_path


def generate(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = checkout / "scripts" / "generate_sync.py"
    return subprocess.run([sys.executable, script, *options], capture_output=True, text=True, timeout=60)


def test_the_generated_files_are_up_to_date() -> None:
    assert generate(ROOT, "--check").returncode == 0


def test_a_changed_a_missing_and_a_superfluous_file_are_found_and_mended(checkout: Path) -> None:
    sync = checkout / "mplp_sdk" / "client" / "_sync"
    before = {path.name: path.read_bytes() for path in sync.glob("*.py")}
    (sync / "_plans.py").write_bytes(before["_plans.py"].replace(b"\n", b"\r\n"))
    (sync / "_traces.py").unlink()
    (sync / "_old.py").touch()
    check = generate(checkout, "--check")
    assert check.returncode == 1
    assert all(name in check.stdout for name in ("_plans.py", "_traces.py", "_old.py"))
    assert generate(checkout).returncode == 0
    assert {path.name: path.read_bytes() for path in sync.glob("*.py")} == before
    assert generate(checkout, "--check").returncode == 0


def test_nothing_asynchronous_is_left() -> None:
    for path in (ROOT / "mplp_sdk" / "client" / "_sync").glob("*.py"):
        words = path.read_text("utf-8").split()
        assert not {"async", "await"} & set(words), path
        assert not any("Async" in word for word in words), path
