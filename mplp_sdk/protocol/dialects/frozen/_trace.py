"""A frozen trace is a whole run: one object for all spans of a trace, each of them a segment.

    spans of one trace                     {"trace_id", "context_id", "plan_id", "status", "started_at", …,
      invoke  answer                         "root_span": {…, "attributes": {}},
        invoke  model                        "segments": [{"label": "answer"}, {"label": "model"},
        execute search            <->                     {"label": "search", "attributes": {"input": …}}]}

A segment's `attributes` show what a reader looks for first (agent, input, output, error, metrics, task) and
hold the span's tags; all else travels in the root span's attributes. Spec: protocol §9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject
from mplp_sdk.protocol.dialects._residue import Residue
from mplp_sdk.protocol.dialects._seat import METADATA, Seat
from mplp_sdk.protocol.dialects._shape import Marks, Shape
from mplp_sdk.protocol.dialects._table import TEXT, TIME, Codec, Row, Table
from mplp_sdk.protocol.dialects.frozen._ids import ID4, v4
from mplp_sdk.protocol.dialects.frozen._tables import EPOCH, META, Checked
from mplp_sdk.protocol.ids import agent_id

__all__ = ["TRACE", "one_each"]

_READ_STATUS: Final = {
    "completed": "success",
    "failed": "failure",
    "cancelled": "cancelled",
    "skipped": "cancelled",
}
_WRITE_STATUS: Final = {
    "success": "completed",
    "failure": "failed",
    "timeout": "failed",
    "cancelled": "cancelled",
}


def _read_status(status: Any) -> Any:
    """A segment that is pending or running has no result yet."""
    return _READ_STATUS.get(status, ABSENT)


def _some(members: Any) -> Any:
    return members if isinstance(members, dict) and members else ABSENT


_TAGS: Final = Codec(_some, _some)


def _write_segment(span: JsonObject, segment: JsonObject) -> None:
    closed = "finished_at" in segment
    segment.setdefault("status", "completed" if closed else "running")


_SEGMENT = Table(
    Row("segment_id", "span_id", ID4),
    Row("parent_segment_id", "parent_span_id", ID4),
    Row("label", "action.name", TEXT),
    Row("status", "result.status", Codec(_read_status, lambda status: _WRITE_STATUS.get(status, ABSENT))),
    Row("started_at", "timestamp.start", TIME),
    Row("finished_at", "timestamp.end", TIME),
    Row("attributes.agent_id", "agent_id", TEXT, default=agent_id("unknown")),
    Row("attributes.action", "action.type", TEXT, default="execute"),
    Row("attributes.input", "action.parameters"),
    Row("attributes.output", "result.output"),
    Row("attributes.error", "result.error"),
    Row("attributes.metrics", "result.metrics"),
    Row("attributes.task_id", "task_id", ID4),
    Row("attributes", "metadata.tags", _TAGS),
    on_write=_write_segment,
)

_META = Table(supplied=META)

# Ids of the whole run. The root span's attributes keep the original of one that is not of version 4.
_RUN_IDS: Final = ("trace_id", "context_id", "plan_id")


def root_of(spans: Sequence[JsonObject]) -> JsonObject:
    """The span that the others hang from: the earliest of those whose parent is not among them."""
    known = {span["span_id"] for span in spans}
    roots = [span for span in spans if span.get("parent_span_id") not in known]
    return min(roots or spans, key=lambda span: str(span["timestamp"]["start"]))


def one_each(spans: Sequence[JsonObject]) -> list[JsonObject]:
    """Each span once: of two records of one span the closed one counts, whatever their order."""
    found: dict[str, JsonObject] = {}
    for span in spans:
        there = found.get(span["id"])
        if there is None or there["timestamp"].get("end") is None:
            found[span["id"]] = span
    return list(found.values())


def _one_run(spans: Sequence[JsonObject]) -> None:
    traces = list(dict.fromkeys(span["trace_id"] for span in spans))
    if len(traces) != 1:
        told = f"these are of {len(traces)}: {', '.join(traces)}" if traces else "there are none"
        raise InvalidFormat(f"a frozen trace is made of the spans of one trace; {told}")


def _write(spans: Any) -> JsonObject:
    _one_run(spans)
    root = root_of(spans)
    segments = [_SEGMENT.write(span) for span in spans]
    top: JsonObject = next(s for span, s in zip(spans, segments, strict=True) if span is root)
    originals = _run_ids(root, spans)
    root_span = {name: v4(root[name]) for name in ("trace_id", "context_id")} | {"span_id": top["segment_id"]}
    if "parent_segment_id" in top:
        root_span["parent_span_id"] = top["parent_segment_id"]
    kept = {name: value for name, value in originals.items() if v4(value) != value}
    return {
        **_META.write({}),
        **{name: v4(value) for name, value in originals.items()},
        "root_span": root_span | ({"attributes": kept} if kept else {}),
        **{name: top[name] for name in ("status", "started_at", "finished_at") if name in top},
        "segments": segments,
    }


def _run_ids(root: JsonObject, spans: Sequence[JsonObject]) -> dict[str, str]:
    plan = next((span["plan_id"] for span in (root, *spans) if span.get("plan_id")), None)
    ids = {name: root[name] for name in ("trace_id", "context_id")}
    return ids | {"plan_id": plan} if plan else ids


def _read(trace: Any) -> list[JsonObject]:
    root_span, segments = trace["root_span"], list(trace.get("segments", ()))
    if root_span["span_id"] not in {segment["segment_id"] for segment in segments}:
        segments.insert(0, _segment_of_root(trace, root_span))
    ids = {name: _original(trace, root_span, name) for name in _RUN_IDS if name in trace}
    plan = ids.pop("plan_id", None)
    start = trace.get("started_at") or trace["meta"].get("created_at") or EPOCH
    spans = [_span(segment, ids, start) for segment in segments]
    if plan:
        # Only a span that carries out a task names its plan; without one, the run itself does.
        for span in [span for span in spans if "task_id" in span] or [root_of(spans)]:
            span["plan_id"] = plan
    return spans


def _segment_of_root(trace: JsonObject, root_span: JsonObject) -> JsonObject:
    """A run whose root is no segment has one all the same."""
    made: JsonObject = {"segment_id": root_span["span_id"], "label": "run"}
    if "parent_span_id" in root_span:
        made["parent_segment_id"] = root_span["parent_span_id"]
    return made | {name: trace[name] for name in ("status", "started_at", "finished_at") if name in trace}


def _original(trace: JsonObject, root_span: JsonObject, name: str) -> str:
    kept = root_span.get("attributes", {}).get(name)
    written: str = trace[name]
    return kept if isinstance(kept, str) and kept and v4(kept) == written else written


def _span(segment: JsonObject, ids: dict[str, str], start: str) -> JsonObject:
    span: JsonObject = _SEGMENT.read(segment)
    span.setdefault("timestamp", {}).setdefault("start", start)
    span.setdefault("agent_id", agent_id("unknown"))
    return {"id": span["span_id"], **ids, **span}


class _Run:
    """The spelling of a trace: a list of spans on our side."""

    read = staticmethod(_read)
    write = staticmethod(_write)


class _RootMetadata:
    """The metadata of the root span, which carries the bag for all spans."""

    def pointer(self, spans: Any, dialect: str, at: str) -> str:
        return f"/{spans.index(root_of(spans))}{METADATA.pointer(spans, dialect, at)}"

    def take(self, spans: Any, dialect: str) -> Residue:
        bags = (METADATA.take(span, dialect) for span in spans)
        return next((bag for bag in bags if bag), [])

    def clear(self, spans: Any, dialect: str) -> None:
        for span in spans:
            METADATA.clear(span, dialect)

    def put(self, spans: Any, dialect: str, residue: Residue) -> None:
        METADATA.put(root_of(spans), dialect, residue)


TRACE: Final = Shape(
    "frozen",
    "trace",
    Marks(("meta", "trace_id", "root_span")),
    Checked("trace", _Run()),
    seat=Seat("root_span", "attributes"),
    home=_RootMetadata(),
)
