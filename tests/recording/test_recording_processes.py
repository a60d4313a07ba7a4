"""Processes that are killed, that fork, that end: what they recorded is there afterwards."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mplp_sdk.recording import Recorder, SpoolLimits
from mplp_sdk.recording.spool import spool_status

MakeRecorder = Callable[..., Recorder]
QUICK = SpoolLimits(batch_interval=0.01, longest_backoff=0.02)

RECORD_FOR_EVER = """
    import sys
    from mplp_sdk.recording import Recorder
    recorder = Recorder()
    n = 0
    while True:
        recorder.record("trace", {"n": n, "text": "x" * (n % 1500)})
        n += 1
        if n % 100 == 0:
            print(n, flush=True)
"""


def last_number(process: Any) -> int:
    """How many records the process said it had made since it was last read; 0 if it said no more."""
    return int([0, *process.stdout.read().split()][-1])


@pytest.mark.requirement("SPOOL-KILL", "SPOOL-NO-SERVER")
@pytest.mark.parametrize("reports", [1, 7, 60])
def test_kill_9_loses_nothing_that_record_returned_for(program: Any, spool: Any, reports: int) -> None:
    process = program.start(RECORD_FOR_EVER)
    for _ in range(reports):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    said = max(last_number(process), reports * 100)
    numbers = spool.numbers()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= said


@pytest.mark.requirement("SPOOL-KILL", "SPOOL-STREAM-ADOPT")
def test_a_later_process_delivers_what_a_killed_one_left(
    program: Any, server: Any, make_recorder: MakeRecorder, home: Path
) -> None:
    process = program.start(RECORD_FOR_EVER)
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    said = last_number(process)
    (left,) = spool_status(home)
    later = make_recorder(base_url=server.url, spool=QUICK)
    later.record("trace", {"n": -1})
    server.wait_until(lambda: server.total == left.waiting + 1)
    sequences = server.arrivals[left.id]
    assert sequences == list(range(1, left.waiting + 1))
    assert left.waiting >= said
    # The stream goes once it is delivered, which the server does not see.
    later.close()
    assert later.stats().adopted == left.waiting


@pytest.mark.requirement("SPOOL-KILL", "SPOOL-ONCE-IN-ORDER", "SPOOL-REPEAT")
def test_killed_while_shipping_every_record_arrives_once(
    program: Any, server: Any, make_recorder: MakeRecorder
) -> None:
    said = 0
    for _ in range(3):
        process = program.start(RECORD_FOR_EVER, MPLP_BASE_URL=server.url)
        seen = len(server.batches)
        server.wait_until(lambda seen=seen: len(server.batches) > seen + 2)  # type: ignore[misc]  # a default is no argument
        process.send_signal(signal.SIGKILL)
        said += last_number(process)
    later = make_recorder(base_url=server.url, spool=QUICK)
    later.record("trace", {"n": 0})
    server.wait_until(lambda: server.total >= said + 1)
    later.close(timeout=20)
    for stream, sequences in server.arrivals.items():
        numbers = [server.stored[stream][sequence]["object"]["n"] for sequence in sequences]
        assert numbers == list(range(len(numbers)))


@pytest.mark.requirement("SPOOL-STREAM-FORK")
def test_parent_and_forked_child_lose_nothing(program: Any, spool: Any, home: Path) -> None:
    output = program.run(
        """
        import os
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        for n in range(100):
            recorder.record("trace", {"n": n})
        child = os.fork()
        for n in range(100, 200):
            recorder.record("trace", {"n": n})
        if child == 0:
            print(recorder.stats().recorded, flush=True)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print(recorder.stats().recorded)
        """
    )
    assert output.split() == ["100", "200"]
    assert sorted(spool.numbers()) == sorted([*range(200), *range(100, 200)])
    assert sorted(row.waiting for row in spool_status(home)) == [100, 200]


@pytest.mark.requirement("SPOOL-STREAM-FORK")
def test_a_child_forked_while_all_locks_are_busy_records_and_ends(program: Any, spool: Any) -> None:
    program.run(
        """
        import os, threading
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        run = recorder.start_run("busy")
        stop = threading.Event()
        def work():
            while not stop.is_set():
                run.start_span("step").end()
                recorder.record("role", {"n": 1})
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                run.start_span("in the child").end()
                recorder.record("extension", {"n": 1})
                assert recorder.flush(durable=True)
                os._exit(0 if recorder.stats().stored == 3 else 1)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        stop.set()
        for thread in threads:
            thread.join()
        assert codes == [0] * 20, codes
        """
    )
    assert len(spool.objects("extension")) == 20


@pytest.mark.requirement("SPOOL-STREAM-FORK")
def test_a_forked_child_ships_for_itself(program: Any, server: Any) -> None:
    program.run(
        """
        import os
        from mplp_sdk.recording import get_recorder
        get_recorder().record("trace", {"n": 0})
        assert get_recorder().flush(20)
        child = os.fork()
        if child == 0:
            get_recorder().record("trace", {"n": 1})
            os._exit(0 if get_recorder().flush(20) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """,
        MPLP_BASE_URL=server.url,
    )
    assert sorted(server.names()) == [0, 1]
    assert len(server.arrivals) == 2


@pytest.mark.requirement("SPOOL-STREAM-FORK")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_lose_nothing(program: Any, spool: Any, tmp_path: Path, method: str) -> None:
    script = tmp_path / "workers.py"
    script.write_text(
        "import multiprocessing, sys\n"
        "from mplp_sdk.recording import get_recorder\n"
        "def work(n):\n"
        "    get_recorder().record('trace', {'n': n})\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:\n"
        "        pool.map(work, range(40))\n"
    )
    program.run(
        f"""
        import runpy, sys
        sys.argv = [{str(script)!r}, {method!r}]
        runpy.run_path({str(script)!r}, run_name="__main__")
        """
        if method == "fork"
        else f"""
        import subprocess, sys
        subprocess.run([sys.executable, {str(script)!r}, {method!r}], check=True)
        """
    )
    assert sorted(spool.numbers()) == list(range(40))


@pytest.mark.requirement("SPOOL-EXIT")
def test_the_end_of_a_process_ships_what_is_left(program: Any, server: Any, home: Path) -> None:
    program.run(
        """
        from mplp_sdk.recording import get_recorder
        for n in range(1000):
            get_recorder().record("trace", {"n": n})
        """,
        MPLP_BASE_URL=server.url,
    )
    assert server.names() == list(range(1000))
    assert spool_status(home) == []


@pytest.mark.requirement("SPOOL-EXIT")
def test_what_is_recorded_at_exit_is_shipped_though_no_thread_can_start(program: Any, server: Any) -> None:
    program.run(
        """
        import atexit, threading
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        @atexit.register
        def last_words():
            def refuse(thread):
                raise RuntimeError("can't start new thread at interpreter shutdown")
            threading.Thread.start = refuse
            recorder.record("trace", {"n": 1})
        """,
        MPLP_BASE_URL=server.url,
    )
    assert server.names() == [1]


@pytest.mark.requirement("SPOOL-EXIT", "SPOOL-NO-SERVER")
@pytest.mark.parametrize("kind", ["refuses", "HTML", "hangs", "asks for patience"])
def test_a_bad_server_does_not_hold_the_process_and_loses_nothing(
    program: Any, server: Any, spool: Any, kind: str
) -> None:
    url = server.url
    if kind == "refuses":
        server.stop()
    elif kind == "HTML":
        server.always = lambda it, _: it.page(200)
    elif kind == "hangs":
        server.always = lambda it, _: it.hang()
    else:
        server.always = lambda it, _: it.fail(429, "4004", Retry_After="3600")
    output = program.run(
        """
        import atexit, time
        started = []
        atexit.register(lambda: print(time.monotonic() - started[0]))
        from mplp_sdk.recording import get_recorder
        for n in range(100):
            get_recorder().record("trace", {"n": n})
        started.append(time.monotonic())
        """,
        MPLP_BASE_URL=url,
    )
    assert spool.numbers() == list(range(100))
    assert output


@pytest.mark.requirement("SPOOL-STREAM-LOCK")
def test_two_processes_in_one_home_do_not_touch_each_other(program: Any, spool: Any, home: Path) -> None:
    processes = [program.start(RECORD_FOR_EVER) for _ in range(2)]
    for process in processes:
        for _ in range(5):
            process.stdout.readline()
    rows = spool_status(home)
    assert [row.in_use for row in rows] == [True, True]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    said = [last_number(process) for process in processes]
    assert [row.in_use for row in spool_status(home)] == [False, False]
    assert sorted(row.waiting for row in spool_status(home)) >= sorted(said)
    assert len(spool.numbers()) >= sum(said)


def test_recorders_that_nobody_closed_ship_at_exit(program: Any, server: Any) -> None:
    program.run(
        """
        from mplp_sdk.recording import Recorder
        for n in range(3):
            Recorder().record("trace", {"n": n})
        """,
        MPLP_BASE_URL=server.url,
    )
    assert sorted(server.names()) == [0, 1, 2]


def test_a_signal_that_ends_the_program_ends_it_also_in_the_middle_of_a_record(
    program: Any, spool: Any
) -> None:
    process = program.start(
        """
        import os, signal, sys
        from mplp_sdk.recording import Recorder

        class Slow:
            def __repr__(self):
                signal.raise_signal(signal.SIGTERM)

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        recorder = Recorder()
        recorder.record("trace", {"n": 1})
        recorder.record("trace", {"n": 2, "value": Slow()})
        """
    )
    assert process.wait() == 7
    assert spool.numbers() == [1]


def test_importing_the_recorder_brings_no_client(program: Any) -> None:
    output = program.run(
        """
        import sys
        from mplp_sdk.recording import Recorder
        Recorder().record("trace", {"n": 1})
        print("httpx" in sys.modules, "mplp_sdk.client" in sys.modules)
        """
    )
    assert output.split() == ["False", "False"]
