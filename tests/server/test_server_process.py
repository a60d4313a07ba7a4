"""The server as a process: how it starts, what it prints, how it stops, and what a crash leaves behind."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer, ServerSettings, run
from mplp_sdk.errors import ConfigError

Json = dict[str, Any]
NDJSON = {"content-type": "application/x-ndjson"}


@contextmanager
def process(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mplp_mock_server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def first_line(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    assert select.select([started.stdout], [], [], 30)[0], "nothing was printed"
    return started.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_answers_and_stops_cleanly(number: int, tmp_path: Path) -> None:
    file = tmp_path / "run.db"
    with process("--port", "0", "--db", str(file)) as started:
        line = first_line(started)
        assert line.startswith("MPLP server listening on http://127.0.0.1:")
        url = line.split()[-1]
        assert httpx.get(f"{url}/ready").status_code == 200
        assert httpx.post(f"{url}/v1.0/contexts", json={"id": "kept"}).status_code == 201
        started.send_signal(number)
        rest, errors = started.communicate(timeout=30)
    assert (started.returncode, rest, errors) == (0, "", "")
    assert not Path(f"{file}-wal").exists()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT id FROM objects WHERE kind = 'context'").fetchall() == [("kept",)]


def test_a_request_under_way_is_finished_before_it_stops(tmp_path: Path) -> None:
    body = json.dumps({"id": "late"}).encode()
    head = (
        "POST /v1.0/contexts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n"
    )
    with MockServer(tmp_path / "run.db", subprocess=True) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head.encode())
            # The server asks for the body only once the request is under way.
            assert connection.recv(1024).startswith(b"HTTP/1.1 100")
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            connection.sendall(body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        stopping.join(30)
    assert answer.startswith(b"HTTP/1.1 201")


def fails(*options: str) -> str:
    """The one line of a process that does not start."""
    with process(*options) as started:
        printed, errors = started.communicate(timeout=30)
    assert (started.returncode, printed) == (1, "")
    assert errors.count("\n") == 1, errors
    return errors


@pytest.mark.requirement("LIMIT-BIND")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])  # noqa: S104
def test_an_open_address_is_refused_without_a_key(host: str) -> None:
    assert "API key" in fails("--host", host, "--port", "0")
    with pytest.raises(ConfigError, match="API key"):
        ServerSettings(host=host)
    assert ServerSettings(host=host, api_key="k").host == host


@pytest.mark.requirement("LIMIT-BIND")
def test_loopback_addresses_need_no_key() -> None:
    assert ServerSettings().host == "127.0.0.1"
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert ServerSettings(host=host).host == host


def test_an_open_address_is_served_with_a_key() -> None:
    with process("--host", "0.0.0.0", "--port", "0", "--api-key", "k") as started:  # noqa: S104
        port = first_line(started).rpartition(":")[2].strip()
        assert httpx.get(f"http://127.0.0.1:{port}/v1.0/contexts").status_code == 401
        started.terminate()
        started.communicate(timeout=30)


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in fails("--port", str(port))


@pytest.mark.parametrize(
    ("options", "told"), [(["--port", "70000"], "65535"), (["--api-key", " "], "api_key is empty")]
)
def test_a_wrong_setting_is_told_in_one_line(options: list[str], told: str) -> None:
    assert told in fails(*options)


def test_a_database_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    text, other, newer = tmp_path / "text.db", tmp_path / "other.db", tmp_path / "newer.db"
    text.write_text("this is no database, however long it goes on" * 50)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE theirs (x)")
    with MockServer(newer):
        pass
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version = 99")
    assert "cannot be used" in fails("--port", "0", "--db", str(text))
    assert "another program" in fails("--port", "0", "--db", str(other))
    assert "newer server" in fails("--port", "0", "--db", str(newer))
    assert "folder" in fails("--port", "0", "--db", str(tmp_path / "no" / "where.db"))
    with closing(sqlite3.connect(other)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_missing_extra_is_told_with_the_command_that_brings_it() -> None:
    hide = "import sys; sys.modules['uvicorn'] = None; "
    for script in (
        "from mplp_mock_server import run, ServerSettings as S; sys.exit(run(S()))",
        "import mplp_mock_server._serving",
    ):
        done = subprocess.run(
            [sys.executable, "-c", hide + script], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert 'pip install "mplp-agent-sdk[server]"' in done.stderr.splitlines()[-1]


def test_run_answers_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ServerSettings(port=0, db=str(tmp_path / "no" / "where.db"))) == 1
    assert capsys.readouterr().err.startswith("mplp server: ")


def span_lines(first: int, count: int, trace_id: str) -> bytes:
    return b"\n".join(
        json.dumps(
            {
                "kind": "trace",
                "object": {
                    "id": f"span-{number}",
                    "trace_id": trace_id,
                    "span_id": f"span-{number}",
                    "context_id": "c",
                    "agent_id": "a",
                    "action": {"name": "n", "type": "execute"},
                    "timestamp": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:01Z"},
                },
            }
        ).encode()
        for number in range(first, first + count)
    )


def ship(url: str, stream: str, trace_id: str, first: int, until: Callable[[int], bool]) -> int:
    """Send numbered batches one after the other; the last number that was answered."""
    count = 40
    with httpx.Client(base_url=f"{url}/v1.0", timeout=10) as api:
        while until(first):
            headers = {**NDJSON, "x-mplp-stream": stream, "x-mplp-sequence": str(first)}
            try:
                answer = api.post("/ingest", content=span_lines(first, count, trace_id), headers=headers)
            except httpx.TransportError:
                break
            assert answer.json()["data"]["stream"]["high_water"] == first + count - 1
            first += count
    return first - 1


@pytest.mark.requirement("INGEST-MARK", "SPOOL-REPEAT")
def test_after_a_crash_the_mark_and_the_rows_agree(tmp_path: Path) -> None:
    stream, trace_id = str(uuid.uuid4()), str(uuid.uuid4())
    with MockServer(tmp_path / "crash.db", subprocess=True) as server:
        mark = {"high_water": 0}
        for _ in range(3):
            killer: list[threading.Thread] = []
            start = mark["high_water"] + 1

            def go_on(first: int, after: int = start + 400, killer: list[threading.Thread] = killer) -> bool:
                if first > after and not killer:
                    killer.append(threading.Thread(target=server.kill))
                    killer[0].start()
                return first < 100_000

            answered = ship(server.url, stream, trace_id, start, go_on)
            killer[0].join(30)
            server.restart()
            with httpx.Client(base_url=f"{server.url}/v1.0") as api:
                mark = api.get(f"/streams/{stream}").json()["data"]
                row = api.get(f"/traces/{trace_id}").json()["data"]
            assert mark["gaps"] == []
            assert row["span_count"] == mark["high_water"]
            assert mark["high_water"] >= answered > 0


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    with MockServer(tmp_path / "kill.db", subprocess=True) as server:
        url, pid = server.url, server.pid
        assert isinstance(pid, int)
        assert pid != os.getpid()
        made = httpx.post(f"{url}/v1.0/plans", json={"name": "p", "tasks": []}).json()["data"]
        server.kill()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")
        server.restart()
        assert server.url == url
        assert server.pid != pid
        assert httpx.get(f"{url}/v1.0/plans/{made['id']}").json()["data"] == made


def test_a_server_in_a_thread_starts_again_on_its_address(tmp_path: Path) -> None:
    server = MockServer(tmp_path / "again.db")
    with pytest.raises(RuntimeError, match="never started"):
        _ = server.url
    with server:
        url = server.url
        httpx.post(f"{url}/v1.0/contexts", json={"id": "kept"})
        server.restart()
        assert server.url == url
        assert httpx.get(f"{url}/v1.0/contexts/kept").status_code == 200
        with pytest.raises(RuntimeError, match="subprocess=True"):
            server.kill()
        server.restart()
    server.stop()


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    for subprocess_too in (False, True):
        with pytest.raises(ConfigError), MockServer(tmp_path / "no" / "where.db", subprocess=subprocess_too):
            pass


def test_a_key_reaches_the_process(tmp_path: Path) -> None:
    with MockServer(subprocess=True, api_key="k") as server:
        assert httpx.get(f"{server.url}/v1.0/contexts").status_code == 401
        assert httpx.get(f"{server.url}/v1.0/contexts", headers={"x-api-key": "k"}).status_code == 200
