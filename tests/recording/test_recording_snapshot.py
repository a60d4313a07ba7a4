"""Odd values: whatever a caller passes is recorded as something readable and bounded, and never raises."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import threading
import uuid
from typing import Any, NamedTuple

import msgspec
import pydantic
import pytest

from mplp_sdk.models import STRICT, Span
from mplp_sdk.recording import Recorder, SnapshotLimits


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    label: str = "p"


class Pair(NamedTuple):
    left: int
    right: int


class Message(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    role: str
    parts: list[str]


class Struct(msgspec.Struct):
    a: int


class RaisingRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no repr for you")


class LeavingRepr:
    def __repr__(self) -> str:
        raise GeneratorExit


class RaisingMapping(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no items for you")


class NotANumber(int):
    def __int__(self) -> int:
        raise RuntimeError("no int for you")


def recorded(recorder: Recorder, spool: Any, value: object) -> Any:
    recorder.record("trace", {"value": value})
    assert recorder.stats().dropped == {}
    return spool.objects()[-1]["value"]


PLAIN: list[tuple[object, object]] = [
    ({"a": [1, 2.5, None, True, "ä"]}, {"a": [1, 2.5, None, True, "ä"]}),
    ((1, (2, 3)), [1, [2, 3]]),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    (b"text", "text"),
    (bytearray(b"text"), "text"),
    (memoryview(b"text"), "text"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Point(1), {"x": 1, "label": "p"}),
    (Pair(1, 2), {"left": 1, "right": 2}),
    (Struct(1), {"a": 1}),
    (Message(role="user", parts=["x"], more=1), {"role": "user", "parts": ["x"], "more": 1}),  # type: ignore[call-arg]  # extra="allow"
    (collections.OrderedDict(a=1), {"a": 1}),
    (collections.defaultdict(int, a=1), {"a": 1}),
    (collections.deque([1, 2]), [1, 2]),
    (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"),
    (datetime.timedelta(seconds=1.5), 1.5),
    (decimal.Decimal("1.10"), "1.10"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (ValueError("no"), {"type": "ValueError", "message": "no"}),
    (pydantic.SecretStr("hidden"), "SecretStr('**********')"),
    ({1: "a", None: "b", 2.5: "c", (1, 2): "d"}, {"1": "a", "null": "b", "2.5": "c", "[1,2]": "d"}),
]  # fmt: skip


@pytest.mark.requirement("REC-ODD-TYPES")
@pytest.mark.parametrize("case", range(len(PLAIN)))
def test_values_of_many_kinds_become_plain(recorder: Recorder, spool: Any, case: int) -> None:
    value, expected = PLAIN[case]
    assert recorded(recorder, spool, value) == expected


MARKED: list[tuple[object, object]] = [
    (float("nan"), "nan"),
    (float("-inf"), "-inf"),
    (1 << 70, hex(1 << 70)),
    (10**5000, hex(10**5000)[:200]),
    (RaisingRepr(), "[unreadable RaisingRepr]"),
    (LeavingRepr(), "[unreadable LeavingRepr]"),
    (RaisingMapping(a=1), "[unreadable RaisingMapping]"),
    (NotANumber(1), "[unreadable NotANumber]"),
]


@pytest.mark.requirement("REC-ODD-REPR", "REC-ODD-TYPES")
@pytest.mark.parametrize("case", range(len(MARKED)))
def test_values_that_cannot_be_shown_are_marked(recorder: Recorder, spool: Any, case: int) -> None:
    value, expected = MARKED[case]
    assert recorded(recorder, spool, {"good": 1, "odd": value}) == {"good": 1, "odd": expected}
    assert recorder.stats().marked == 1


@pytest.mark.requirement("REC-ODD-TYPES")
def test_bytes_that_are_no_text_are_described(recorder: Recorder, spool: Any) -> None:
    assert recorded(recorder, spool, b"\xff\x00" * 600).startswith("[1,200 bytes, sha256 ")
    assert recorder.stats().marked == 1


@pytest.mark.requirement("REC-ODD-TYPES")
def test_keys_that_become_equal_are_both_kept(recorder: Recorder, spool: Any) -> None:
    assert recorded(recorder, spool, {"1": "a", 1: "b"}) == {"1": "a", "1 (int)": "b"}


@pytest.mark.requirement("REC-ODD-TYPES")
def test_half_of_a_surrogate_pair_is_replaced(recorder: Recorder, spool: Any) -> None:
    assert recorded(recorder, spool, "a\ud800b") == "a?b"


@pytest.mark.requirement("REC-ODD-SHAPES")
def test_circles_are_cut(recorder: Recorder, spool: Any) -> None:
    mapping: dict[str, Any] = {"a": 1}
    mapping["self"] = mapping
    items: list[Any] = [mapping]
    items.append(items)
    assert recorded(recorder, spool, items) == [{"a": 1, "self": "[circular]"}, "[circular]"]
    assert recorder.stats().marked == 2


@pytest.mark.requirement("REC-ODD-SHAPES")
def test_one_value_in_two_places_is_no_circle(recorder: Recorder, spool: Any) -> None:
    shared = {"a": 1}
    assert recorded(recorder, spool, [shared, shared]) == [shared, shared]


@pytest.mark.requirement("REC-ODD-SHAPES")
@pytest.mark.parametrize("kind", ["list", "dict", "object"])
def test_two_thousand_levels_are_cut(recorder: Recorder, spool: Any, kind: str) -> None:
    value: Any = "bottom"
    for _ in range(2000):
        value = [value] if kind == "list" else {"x": value} if kind == "dict" else Point(value)
    assert "[too deep]" in str(recorded(recorder, spool, value))


@pytest.mark.requirement("REC-ODD-SIZE")
def test_ten_megabytes_of_text_are_cut(recorder: Recorder, spool: Any) -> None:
    kept = recorded(recorder, spool, "x" * 10_000_000)
    assert kept.endswith("…[cut: 9,868,928 more characters]")
    assert len(kept) < 140_000


@pytest.mark.requirement("REC-ODD-SIZE")
@pytest.mark.parametrize(
    "value",
    [
        list(range(1_000_000)),
        {str(n): "x" * 100 for n in range(100_000)},
        ["\x00" * 100_000] * 20,
        ["ä" * 100_000] * 20,
        [["x" * 100] * 1000] * 1000,
    ],
    ids=["a long list", "a large dict", "control characters", "umlauts", "wide and deep"],
)
def test_large_values_are_cut_to_a_record(recorder: Recorder, spool: Any, value: object) -> None:
    recorded(recorder, spool, value)
    (record,) = spool.records()
    assert len(record.payload) <= 1_100_000
    assert recorder.stats().marked > 0


def test_a_prompt_of_100_kb_is_kept_whole(recorder: Recorder, spool: Any) -> None:
    prompt = "All work and no play. " * 5000
    span = recorder.start_run("a").start_span("model", input=prompt)
    span.end(output=prompt)
    closed = spool.objects("trace")[-1]
    assert closed["action"]["parameters"] == closed["result"]["output"] == {"value": prompt}
    assert recorder.stats().marked == 0


@pytest.mark.requirement("REC-ODD-SIZE")
def test_a_span_with_too_much_of_everything_is_cut_to_a_record(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    span = run.start_span("model", input=["in " * 30_000] * 20)
    for _ in range(100):
        span.annotate("note", "text " * 20_000)
    span.end(output=["out " * 30_000] * 20)
    run.end()
    assert recorder.stats().dropped == {}
    closed = [obj for obj in spool.objects("trace") if obj["id"] == span.span_id][-1]
    Span.model_validate(closed, context=STRICT)
    assert closed["result"]["status"] == "success"
    assert max(len(record.payload) for record in spool.records()) <= 1_100_000


def test_limits_can_be_set(make_recorder: Any, spool: Any) -> None:
    recorder = make_recorder(snapshot=SnapshotLimits(text=10, depth=2, nodes=5))
    assert recorded(recorder, spool, "x" * 20) == "x" * 10 + "…[cut: 10 more characters]"
    assert recorded(recorder, spool, [[["deep"]]]) == [["[too deep]"]]
    assert recorded(recorder, spool, list(range(10))) == [0, 1, 2, 3, "[cut: more items]"]


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
def test_a_value_that_another_thread_changes_does_not_raise(recorder: Recorder) -> None:
    shared: dict[str, Any] = {str(n): [n] for n in range(200)}
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            shared[f"new {n % 500}"] = {n}
            shared.pop(f"new {(n + 250) % 500}", None)

    thread = threading.Thread(target=change)
    thread.start()
    for _ in range(200):
        recorder.record("trace", {"value": shared})
    stop.set()
    thread.join()
    assert recorder.stats().stored == 200
