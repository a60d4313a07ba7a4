"""Calls as people write them are right for both type checkers, and wrong ones are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
USAGE = Path(__file__).parent / "typing_usage.py"


@pytest.mark.parametrize("checker", [("mypy", "--strict"), ("pyright", "--pythonpath", sys.executable)])
def test_calls_with_plain_dictionaries_are_well_typed(checker: tuple[str, ...]) -> None:
    name, *options = checker
    command = [sys.executable, "-m", name, *options, str(USAGE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
