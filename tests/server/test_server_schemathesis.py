"""schemathesis holds the server to `/openapi.json`, and the document to the server.

All of its phases, over a real socket, with the same requests each time. Many more of them, others each time:

    MPLP_SCHEMATHESIS_EXAMPLES=500 python -m pytest tests/server/test_server_schemathesis.py
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from mplp_mock_server import MockServer

# It finds `schemathesis.toml` here, and with it which refusals no document could announce.
HERE = Path(__file__).parent
EXAMPLES = os.environ.get("MPLP_SCHEMATHESIS_EXAMPLES")


@pytest.mark.timeout(300 if EXAMPLES is None else 4 * 3600)
@pytest.mark.requirement("EP-OPENAPI-TRUE")
def test_the_document_says_what_the_server_does(tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", "--no-color"]
    if EXAMPLES is not None:
        command += ["--max-examples", EXAMPLES, "--seed", str(secrets.randbelow(2**32))]
    with MockServer(subprocess=True) as server:
        address = f"{server.url}/openapi.json"
        environ = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}
        ran = subprocess.run([*command, address], cwd=HERE, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", ran.stdout), ran.stdout
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in ran.stdout, ran.stdout
