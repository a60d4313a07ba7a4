"""The spool on disk: folders, damage, and what happens when the disk will not take any more."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import shutil
import signal
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mplp_sdk.errors import ConfigError
from mplp_sdk.recording import Recorder, SpoolLimits
from mplp_sdk.recording.spool import StreamReader, StreamWriter, list_streams, spool_bytes, spool_status

MakeRecorder = Callable[..., Recorder]
SMALL = SpoolLimits(segment_bytes=65536, budget_bytes=10 * 65536)


def fill(recorder: Recorder, numbers: range, size: int = 500) -> None:
    for n in numbers:
        recorder.record("trace", {"n": n, "text": "x" * size})


def folder(home: Path) -> Path:
    (stream,) = list_streams(home)
    return stream.path


def segments(home: Path) -> list[Path]:
    return sorted(folder(home).glob("*.seg"))


def adds_up(recorder: Recorder) -> bool:
    stats = recorder.stats()
    lost = sum(stats.dropped.values())
    return stats.recorded == stats.delivered + stats.refused + stats.waiting + lost


@pytest.mark.requirement("SPOOL-STREAM-FOLDER")
def test_a_process_has_one_private_folder_named_by_a_uuid(recorder: Recorder, home: Path, spool: Any) -> None:
    fill(recorder, range(10))
    assert recorder.flush(durable=True)
    path = folder(home)
    assert uuid.UUID(path.name).version == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}
    assert [record.sequence for record in spool.records()] == list(range(1, 11))


def test_nothing_is_made_before_the_first_record(make_recorder: MakeRecorder, home: Path) -> None:
    before = threading.active_count()
    recorder = make_recorder()
    assert not home.exists()
    assert threading.active_count() == before
    assert recorder.flush()


@pytest.mark.requirement("SPOOL-SEGMENTS")
def test_segments_hold_their_room_before_they_are_used(make_recorder: MakeRecorder, home: Path) -> None:
    recorder = make_recorder(spool=SMALL)
    fill(recorder, range(300))
    assert recorder.flush(durable=True)
    sizes = {path.name: (path.stat().st_size, path.stat().st_blocks * 512) for path in segments(home)}
    assert len(sizes) >= 4
    assert all(size == 65536 and allocated >= 65536 for size, allocated in sizes.values())
    assert not list(folder(home).glob("*.tmp"))


def test_what_waits_takes_only_the_room_it_needs(make_recorder: MakeRecorder, home: Path) -> None:
    recorder = make_recorder()
    fill(recorder, range(10))
    recorder.close()
    assert 5_000 < spool_bytes(home) < 10_000


@pytest.mark.requirement("SPOOL-SYNC")
def test_a_durable_flush_is_true_only_when_the_disk_said_so(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    really = os.fsync

    def watched(fd: int) -> None:
        synced.append(fd)
        really(fd)

    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    fill(recorder, range(5))
    monkeypatch.setattr(os, "fsync", watched)
    assert recorder.flush(durable=True)
    assert synced
    monkeypatch.setattr(os, "fsync", broken)
    fill(recorder, range(5))
    assert not recorder.flush(durable=True)
    monkeypatch.setattr(os, "fsync", really)
    assert recorder.flush(durable=True)


@pytest.mark.requirement("SPOOL-SYNC")
def test_records_reach_the_disk_without_being_asked(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = threading.Event()
    really = os.fsync

    def watched(fd: int) -> None:
        really(fd)
        synced.set()

    monkeypatch.setattr(os, "fsync", watched)
    recorder = make_recorder(spool=SpoolLimits(sync_interval=0.01))
    fill(recorder, range(5))
    assert synced.wait(30)


@pytest.mark.requirement("SPOOL-ONCE-IN-ORDER")
def test_threads_share_one_order_without_holes(make_recorder: MakeRecorder, spool: Any) -> None:
    recorder = make_recorder(spool=SpoolLimits(segment_bytes=65536))
    threads = [
        threading.Thread(target=fill, args=(recorder, range(k * 1000, k * 1000 + 500))) for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = spool.records()
    assert [record.sequence for record in records] == list(range(1, 4001))
    numbers = spool.numbers()
    assert sorted(numbers) == sorted(k * 1000 + n for k in range(8) for n in range(500))
    for k in range(8):
        own = [n for n in numbers if n // 1000 == k]
        assert own == sorted(own)


@pytest.mark.requirement("SPOOL-NEVER-RAISES", "SPOOL-STATS")
def test_after_close_records_are_counted_as_dropped(make_recorder: MakeRecorder, spool: Any) -> None:
    recorder = make_recorder()
    fill(recorder, range(3))
    recorder.close()
    recorder.close()
    fill(recorder, range(3, 5))
    stats = recorder.stats()
    assert (stats.recorded, stats.stored, stats.waiting, stats.dropped) == (5, 3, 3, {"closed": 2})
    assert spool.numbers() == [0, 1, 2]


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
def test_records_made_while_a_record_is_being_made_are_kept(recorder: Recorder, spool: Any) -> None:
    class Talkative:
        def __repr__(self) -> str:
            recorder.record("trace", {"n": 1})
            return "talkative"

    recorder.record("trace", {"n": 0, "value": Talkative()})
    assert sorted(spool.numbers()) == [0, 1]


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
def test_a_signal_handler_may_record_at_any_moment(make_recorder: MakeRecorder, spool: Any) -> None:
    recorder = make_recorder(spool=SpoolLimits(segment_bytes=65536))
    numbers = itertools.count()

    def interrupt(*_: object) -> None:
        recorder.record("role", {"n": next(numbers)})

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        fill(recorder, range(5000))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    count = next(numbers)
    assert count > 10
    assert [obj["n"] for obj in spool.objects("trace")] == list(range(5000))
    # In any order: a handler may be interrupted by the next one.
    assert sorted(obj["n"] for obj in spool.objects("role")) == list(range(count))
    assert [record.sequence for record in spool.records()] == list(range(1, 5001 + count))


# Damage


def written(make_recorder: MakeRecorder, count: int = 100) -> None:
    recorder = make_recorder()
    fill(recorder, range(count), size=100)
    recorder.close()


def damage(path: Path, change: Callable[[bytearray], Any]) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


@pytest.mark.requirement("SPOOL-CRC")
@pytest.mark.parametrize("cut", [1, 8, 40, 150])
def test_a_torn_tail_costs_only_the_torn_record(
    make_recorder: MakeRecorder, home: Path, spool: Any, cut: int
) -> None:
    written(make_recorder)
    (segment,) = segments(home)
    os.truncate(segment, segment.stat().st_size - cut)
    numbers = spool.numbers()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 98


@pytest.mark.requirement("SPOOL-CRC")
@pytest.mark.parametrize("offset", [0, 3, 4, 8, 12, 16, 60])
def test_a_damaged_byte_costs_only_its_record(
    make_recorder: MakeRecorder, home: Path, spool: Any, offset: int
) -> None:
    written(make_recorder)
    (segment,) = segments(home)
    at = segment.read_bytes().index(b'"n":50') // 8 * 8 - 48 + 8 * 2

    def flip(data: bytearray) -> None:
        start = data.rindex((51).to_bytes(8, "little"), 0, at + 40) - 8
        data[start + offset] ^= 0xFF

    damage(segment, flip)
    assert spool.numbers() == [n for n in range(100) if n != 50]


@pytest.mark.requirement("SPOOL-CRC")
def test_a_lost_page_costs_only_the_records_on_it(
    make_recorder: MakeRecorder, home: Path, spool: Any
) -> None:
    written(make_recorder)
    (segment,) = segments(home)

    def lose(data: bytearray) -> None:
        data[4096:8192] = bytes(4096)

    damage(segment, lose)
    numbers = spool.numbers()
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    assert numbers[-1] == 99
    assert 60 < len(numbers) < 85


@pytest.mark.requirement("SPOOL-CRC")
@pytest.mark.parametrize("what", ["header", "empty", "garbage", "missing"])
def test_a_damaged_segment_does_not_hide_the_others(
    make_recorder: MakeRecorder, home: Path, spool: Any, what: str
) -> None:
    recorder = make_recorder(spool=SpoolLimits(segment_bytes=65536))
    fill(recorder, range(400))
    recorder.close()
    first, second, *_ = segments(home)
    before = len(spool.numbers())
    if what == "header":
        damage(first, lambda data: data.__setitem__(slice(0, 32), b"\xff" * 32))
    elif what == "empty":
        second.write_bytes(b"")
    elif what == "garbage":
        second.write_bytes(os.urandom(65536))
    else:
        second.unlink()
    numbers = spool.numbers()
    assert numbers == sorted(numbers)
    assert numbers[-1] == 399
    assert len(numbers) == before if what == "header" else before - 130 < len(numbers) < before


def test_damage_in_the_stream_of_a_running_process_is_passed_once_it_has_gone_on(
    server: Any, make_recorder: MakeRecorder, home: Path
) -> None:
    recorder = make_recorder(spool=SpoolLimits(segment_bytes=65536))
    fill(recorder, range(400))
    damaged = segments(home)[1]
    with open(damaged, "r+b") as file:
        file.seek(1000)
        file.write(b"\xff" * 8)
    (stream,) = list_streams(home)
    reader = StreamReader(stream, live=True)
    assert reader.count() == 399


def test_a_lost_cursor_costs_a_repeat_only(server: Any, make_recorder: MakeRecorder, home: Path) -> None:
    recorder = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=0.01))
    fill(recorder, range(20))
    assert recorder.flush(timeout=30)
    server.always = lambda it, _: it.fail(503, "1002")
    fill(recorder, range(20, 30))
    recorder.close(timeout=0.0)
    (folder(home) / "cursor").unlink()
    server.always = None
    later = make_recorder(base_url=server.url, spool=SpoolLimits(batch_interval=0.01))
    fill(later, range(30, 31))
    server.wait_until(lambda: server.total == 31)
    assert server.names() == list(range(31))


# A disk that will not


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.requirement("SPOOL-DISK-FULL", "SPOOL-NEVER-RAISES", "SPOOL-DROP-NUMBERED")
def test_no_room_for_a_segment_drops_and_counts(make_recorder: MakeRecorder, spool: Any) -> None:
    recorder = make_recorder()
    with file_size_limit(4096):
        fill(recorder, range(10))
    stats = recorder.stats()
    assert (stats.recorded, stats.stored, stats.dropped) == (10, 0, {"disk_full": 10})
    assert adds_up(recorder)


@pytest.mark.requirement("SPOOL-DISK-FULL", "SPOOL-DROP-NUMBERED")
def test_a_disk_that_fills_up_and_empties_leaves_a_gap(
    make_recorder: MakeRecorder, spool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.posix_fallocate
    full = threading.Event()

    def allocate(fd: int, offset: int, size: int) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        really(fd, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    recorder = make_recorder(spool=SpoolLimits(segment_bytes=65536))
    fill(recorder, range(10))
    assert recorder.flush(durable=True)
    full.set()
    fill(recorder, range(10, 500))
    dropped = recorder.stats().dropped["disk_full"]
    assert 200 < dropped < 490
    full.clear()
    assert recorder.flush(durable=True)
    # The allocation is tried again a second after it failed.
    while recorder.stats().dropped["disk_full"] == dropped:
        fill(recorder, range(500, 501))
        if spool.numbers()[-1] == 500:
            break
        dropped = recorder.stats().dropped["disk_full"]
    numbers, sequences = spool.numbers(), [record.sequence for record in spool.records()]
    assert numbers[-1] == 500
    assert sequences[-1] > len(sequences)
    assert sequences[: len(numbers) - 1] == [n + 1 for n in numbers[:-1]]
    assert adds_up(recorder)


def failing_with(code: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EROFS, "read_only"),
        (errno.EACCES, "no_permission"),
        (errno.EMFILE, "no_file_handles"),
        (errno.EIO, "io_error"),
    ],
)
def test_a_spool_that_cannot_be_opened_is_counted_by_reason(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    recorder = make_recorder()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failing_with(code))
        fill(recorder, range(7))
    assert recorder.stats().dropped == {reason: 7}


def test_without_file_handles_records_are_dropped_and_counted(program: Any, spool: Any) -> None:
    program.run(
        """
        import os, resource
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        recorder.record("trace", {"n": 0})
        assert recorder.flush(durable=True)
        used = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        try:
            while True:
                used.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        while not recorder.stats().dropped:
            recorder.record("trace", {"n": 1, "text": "x" * 100_000})
        assert set(recorder.stats().dropped) == {"no_file_handles"}
        for fd in used:
            os.close(fd)
        """
    )
    assert spool.numbers()[0] == 0


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
def test_a_home_that_is_a_file_is_no_reason_to_fail(make_recorder: MakeRecorder, home: Path) -> None:
    home.write_text("not a folder")
    recorder = make_recorder()
    fill(recorder, range(3))
    assert recorder.stats().dropped == {"io_error": 3}
    home.unlink()


def test_what_is_lost_is_said_once(
    make_recorder: MakeRecorder, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.write_text("not a folder")
    recorder = make_recorder()
    fill(recorder, range(3))
    recorder.flush(durable=True)
    recorder.close()
    recorder.close()
    home.unlink()
    (said,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert "io_error" in said
    assert str(home) in said


def test_a_deleted_spool_is_noticed_counted_and_made_again(
    make_recorder: MakeRecorder, home: Path, spool: Any
) -> None:
    recorder = make_recorder()
    fill(recorder, range(10))
    name = folder(home).name
    shutil.rmtree(home)
    recorder.flush(durable=True)
    fill(recorder, range(10, 15))
    assert recorder.stats().dropped == {"deleted": 10}
    assert recorder.stats().waiting == 5
    assert folder(home).name == name
    assert spool.numbers() == [10, 11, 12, 13, 14]
    assert [record.sequence for record in spool.records()] == [11, 12, 13, 14, 15]
    assert adds_up(recorder)


@pytest.mark.parametrize("left", [0, 100, 4096])
def test_a_truncated_segment_costs_its_records_and_not_the_host(program: Any, spool: Any, left: int) -> None:
    said = program.run(
        f"""
        import os
        from pathlib import Path
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        for n in range(300):
            recorder.record("trace", {{"n": n}})
        segment, *_ = Path(os.environ["MPLP_HOME"]).glob("spool/*/00000001.seg")
        os.truncate(segment, {left})
        recorder.flush(durable=True)
        for n in range(300, 310):
            recorder.record("trace", {{"n": n}})
        stats = recorder.stats()
        print(*stats.dropped, *stats.dropped.values(), stats.waiting)
        recorder.close()
        """
    )
    reason, lost, waiting = said.split()
    kept = 300 - int(lost)
    assert (reason, int(waiting)) == ("truncated", kept + 10)
    assert kept * 50 <= left
    assert spool.numbers() == [*range(kept), *range(300, 310)]


def test_a_truncated_segment_costs_nothing_that_is_delivered(
    make_recorder: MakeRecorder, home: Path, server: Any
) -> None:
    recorder = make_recorder(base_url=server.url)
    fill(recorder, range(5))
    assert recorder.flush()
    segment = folder(home) / "00000001.seg"
    os.truncate(segment, 0)
    recorder.flush(durable=True)
    fill(recorder, range(5, 10))
    assert recorder.flush()
    assert server.names() == list(range(10))
    assert recorder.stats().dropped == {}


@pytest.mark.parametrize("missing", ["posix_fallocate", "fcntl", "both"])
def test_a_platform_with_less_records_all_the_same(program: Any, spool: Any, missing: str) -> None:
    program.run(
        f"""
        import os, sys
        if {missing!r} in ("posix_fallocate", "both"):
            del os.posix_fallocate
        if {missing!r} in ("fcntl", "both"):
            sys.modules["fcntl"] = None
        from mplp_sdk.recording import Recorder
        recorder = Recorder()
        for n in range(100):
            recorder.record("trace", {{"n": n}})
        assert recorder.flush(durable=True)
        assert recorder.stats().dropped == {{}}
        """
    )
    assert spool.numbers() == list(range(100))


# Budget


@pytest.mark.requirement("SPOOL-BUDGET", "SPOOL-DROP-NUMBERED")
def test_over_budget_the_newest_are_dropped(make_recorder: MakeRecorder, home: Path, spool: Any) -> None:
    recorder = make_recorder(spool=SMALL)
    fill(recorder, range(2000))
    stats = recorder.stats()
    numbers = spool.numbers()
    assert numbers == list(range(stats.stored))
    assert stats.dropped == {"over_budget": 2000 - stats.stored}
    assert spool_bytes(home) <= SMALL.budget_bytes
    assert adds_up(recorder)


@pytest.mark.requirement("SPOOL-BUDGET")
def test_the_budget_counts_what_others_left(make_recorder: MakeRecorder, home: Path) -> None:
    first = make_recorder(spool=SMALL)
    fill(first, range(2000))
    first.close()
    second = make_recorder(spool=SMALL)
    fill(second, range(10))
    assert second.stats().dropped == {"over_budget": 10}


@pytest.mark.requirement("SPOOL-POLICIES")
def test_drop_oldest_keeps_the_newest(make_recorder: MakeRecorder, home: Path, spool: Any) -> None:
    limits = SpoolLimits(segment_bytes=65536, budget_bytes=10 * 65536, policy="drop_oldest")
    recorder = make_recorder(spool=limits)
    fill(recorder, range(2000))
    recorder.close()
    numbers = spool.numbers()
    assert numbers[-1] == 1999
    assert numbers == list(range(numbers[0], 2000))
    assert recorder.stats().dropped == {"evicted": numbers[0]}
    assert recorder.stats().waiting == len(numbers)
    assert spool_bytes(home) <= limits.budget_bytes


@pytest.mark.requirement("SPOOL-POLICIES")
def test_block_waits_for_the_shipper_to_make_room(server: Any, make_recorder: MakeRecorder) -> None:
    limits = SpoolLimits(
        segment_bytes=65536, budget_bytes=4 * 65536, policy="block", block_timeout=30, batch_interval=0.01
    )
    recorder = make_recorder(base_url=server.url, spool=limits)
    fill(recorder, range(2000))
    assert recorder.flush(timeout=30)
    assert server.names() == list(range(2000))
    assert recorder.stats().dropped == {}


@pytest.mark.requirement("SPOOL-POLICIES")
def test_block_gives_up_after_its_time(make_recorder: MakeRecorder) -> None:
    limits = SpoolLimits(segment_bytes=65536, budget_bytes=2 * 65536, policy="block", block_timeout=0.01)
    recorder = make_recorder(spool=limits)
    fill(recorder, range(300))
    assert recorder.stats().dropped["over_budget"] > 0
    assert adds_up(recorder)


@pytest.mark.requirement("SPOOL-BUDGET")
def test_shipping_makes_room_again(server: Any, make_recorder: MakeRecorder) -> None:
    limits = SpoolLimits(
        segment_bytes=65536, budget_bytes=3 * 65536, batch_interval=0.01, longest_backoff=0.02
    )
    server.always = lambda it, _: it.fail(503, "1002")
    recorder = make_recorder(base_url=server.url, spool=limits)
    fill(recorder, range(1000))
    dropped = recorder.stats().dropped["over_budget"]
    assert dropped > 0
    server.always = None
    assert recorder.flush(timeout=30)
    fill(recorder, range(1000, 1010))
    assert recorder.flush(timeout=30)
    assert server.names()[-10:] == list(range(1000, 1010))
    assert recorder.stats().dropped == {"over_budget": dropped}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"segment_bytes": 100}, "segment_bytes"),
        ({"segment_bytes": 65537}, "segment_bytes"),
        ({"budget_bytes": 1000}, "budget_bytes"),
        ({"policy": "explode"}, "policy"),
    ],
)
def test_limits_that_cannot_work_are_refused(members: Any, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        SpoolLimits(**members)


def test_wrong_settings_are_refused_when_the_recorder_is_made(home: Path) -> None:
    with pytest.raises(ConfigError, match="MPLP_BASE_URL"):
        Recorder(home=home, base_url="not an address")


def test_a_key_that_no_header_can_carry_is_refused_when_the_recorder_is_made(home: Path) -> None:
    with pytest.raises(ConfigError, match="api_key"):
        Recorder(home=home, base_url="http://127.0.0.1:8700", api_key="\n")


def test_a_relative_home_stays_where_it_was(
    make_recorder: MakeRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = Recorder(home="here")
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    recorder.record("trace", {"n": 1})
    assert [row.waiting for row in spool_status(tmp_path / "here")] == [1]
    recorder.close()


def test_a_record_larger_than_a_segment_is_dropped_and_counted(home: Path) -> None:
    writer = StreamWriter(home, SpoolLimits(segment_bytes=65536))
    writer.append(b"x" * 100_000)
    writer.append(b"x" * 60_000)
    assert writer.counts() == (2, 1, {"too_large": 1})
    writer.close()
