"""A recorded run, whole, for other MPLP tools to read. Spec: protocol §9; recording §1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mplp_sdk.models import MPLPModel
from mplp_sdk.protocol.dialects._json import JsonObject, require_json
from mplp_sdk.protocol.dialects._shape import Shape, checked
from mplp_sdk.protocol.dialects.frozen._tables import SHAPES
from mplp_sdk.protocol.dialects.frozen._trace import TRACE, one_each

__all__ = ["ExportedRun", "export_run"]

Object = MPLPModel | Mapping[str, Any]

_SHAPE = {shape.kind: shape for shape in SHAPES}


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """A run as frozen objects."""

    object: JsonObject
    """`{"context": …, "plans": […], "confirms": […], "trace": …}`; their ids lead to each other."""
    lost: list[str]
    """JSON Pointers to what frozen objects cannot keep, in an object of the four arguments by their names."""


def export_run(
    context: Object, plans: Sequence[Object], confirmations: Sequence[Object], spans: Sequence[Object]
) -> ExportedRun:
    """Write one run in the frozen dialect.

    Args:
        context: the context that the run belongs to.
        plans: its plans, oldest first.
        confirmations: who was asked.
        spans: all spans of one trace, in any order. Of two records of a span the closed one counts.

    Raises:
        InvalidFormat: one of them is no valid object, or the spans are not of exactly one trace.
    """
    written_context, lost = _write("context", context, "/context")
    trace, lost_spans = TRACE.from_canonical(one_each(checked("trace", [_data(span) for span in spans])))
    written_plans, lost_plans = _write_each("plan", plans, "/plans")
    confirms, lost_confirms = _write_each("confirmation", confirmations, "/confirmations")
    bundle = {"context": written_context, "plans": written_plans, "confirms": confirms, "trace": trace}
    return ExportedRun(
        bundle, [*lost, *lost_plans, *lost_confirms, *(f"/spans{path}" for path in lost_spans)]
    )


def _write_each(kind: str, objects: Iterable[Object], at: str) -> tuple[list[JsonObject], list[str]]:
    written = [_write(kind, obj, f"{at}/{index}") for index, obj in enumerate(objects)]
    return [theirs for theirs, _ in written], [path for _, lost in written for path in lost]


def _write(kind: str, obj: Object, at: str) -> tuple[JsonObject, list[str]]:
    shape: Shape = _SHAPE[kind]
    theirs, lost = shape.from_canonical(checked(kind, _data(obj)))
    return theirs, [f"{at}{path}" for path in lost]


def _data(obj: Object) -> JsonObject:
    data = obj.to_wire() if isinstance(obj, MPLPModel) else dict(obj)
    require_json(data)
    return data
