"""From any spelling to any other, through the canonical object; and which one an object is written in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import MPLPModel
from mplp_sdk.protocol.dialects import _context_message, _draft, _rfc
from mplp_sdk.protocol.dialects._json import require_json
from mplp_sdk.protocol.dialects._shape import CANONICAL, MODELS, Marks, Shape, checked
from mplp_sdk.protocol.dialects.frozen import _tables
from mplp_sdk.protocol.dialects.frozen._trace import TRACE, one_each

__all__ = ["DIALECTS", "KINDS", "Converted", "Recognised", "convert", "parse", "recognise"]

_SHAPES: Final[Mapping[tuple[str, str], Shape]] = {
    (shape.dialect, shape.kind): shape
    for shape in (*_rfc.SHAPES, *_draft.SHAPES, *_context_message.SHAPES, *_tables.SHAPES, TRACE)
}

_OURS: Final[Mapping[str, Marks]] = {
    "context": Marks(("id", "lifecycle_stage", "shared_state")),
    "plan": Marks(("id", "name", "tasks")),
    "confirmation": Marks(("id", "target", "criteria")),
    "trace": Marks(("id", "trace_id", "span_id", "action")),
    "role": Marks(("id", "name", "capabilities")),
    "extension": Marks(("id", "interface", "implementation")),
    "execution": Marks(
        ("id", "status"), absent=("shared_state", "tasks", "target", "action", "capabilities", "interface")
    ),
    "participant": Marks(("participant_id", "user_id")),
}

_MARKS: Final[Mapping[tuple[str, str], Marks]] = {
    **{(CANONICAL, kind): marks for kind, marks in _OURS.items()},
    **{name: shape.marks for name, shape in _SHAPES.items()},
}

DIALECTS: Final = (CANONICAL, *dict.fromkeys(dialect for dialect, _ in _SHAPES))
"""Names of the spellings: `canonical`, `rfc`, `draft`, `context-message`, `frozen`."""

KINDS: Final = tuple(MODELS)
"""Kinds of object: those of ingest records, and `participant`."""

_MODEL_KINDS: Final = {model: kind for kind, model in MODELS.items()}


@dataclass(frozen=True, slots=True)
class Recognised:
    """What an object was found to be."""

    dialect: str
    """One of `DIALECTS`."""
    kind: str
    """One of `KINDS`."""


@dataclass(frozen=True, slots=True)
class Converted:
    """An object in another spelling, and what it cost."""

    object: Any
    """JSON data; a list where a trace of several spans was converted to anything but `frozen`."""
    kind: str
    dialect: str
    """The spelling it is in now."""
    lost: list[str]
    """JSON Pointers to what the new spelling could not keep, in the object that was given; where neither
    spelling is canonical, those of the second step are in the canonical object between them."""


def convert(
    obj: MPLPModel | Mapping[str, Any] | Sequence[MPLPModel | Mapping[str, Any]],
    *,
    to: str,
    kind: str | None = None,
    source: str | None = None,
) -> Converted:
    """Write `obj` in another spelling.

    What the new spelling has no home for travels in a reserved bag, `metadata["x-mplp-<dialect>"]`, and comes
    home on the way back, unless it was changed in between. Only objects of `frozen` are closed: what they
    cannot keep is listed in `lost`. What they require and `obj` lacks is filled in with stand-ins.

    Args:
        obj: a model, JSON data, or the spans of one trace.
        to: one of `DIALECTS`.
        kind: what `obj` is; recognised from its members where None.
        source: the spelling of `obj`, one of `DIALECTS`; recognised from its members where None.

    Raises:
        InvalidFormat: `obj` is nothing that is known, could be several things, or is no valid one.
        ValueError: there is no such dialect.

    Spec: protocol §1.2, §9.
    """
    for name in (to, source):
        if name is not None and name not in DIALECTS:
            raise ValueError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}")
    found, ours, lost = _to_canonical(obj, kind, source)
    if to == CANONICAL:
        return Converted(ours, found, to, lost)
    theirs, more = _from_canonical(_shape(to, found), ours)
    return Converted(theirs, found, to, [*lost, *more])


def parse(
    data: str | bytes | MPLPModel | Mapping[str, Any], *, kind: str | None = None, source: str | None = None
) -> Any:
    """Read an object in any spelling as the canonical model; a frozen trace as the list of its spans.

    Args:
        data: JSON text, or JSON data.
        kind: what it is; recognised where None.
        source: one of `DIALECTS`; recognised where None.

    Raises:
        InvalidFormat: not JSON, nothing that is known, several things at once, or no valid object.

    Spec: protocol §1.2.
    """
    told = _decoded(data) if isinstance(data, (str, bytes)) else data
    found = convert(told, to=CANONICAL, kind=kind, source=source)
    read = MODELS[found.kind].model_validate
    return [read(one) for one in found.object] if isinstance(found.object, list) else read(found.object)


def recognise(obj: Mapping[str, Any], *, kind: str | None = None, source: str | None = None) -> Recognised:
    """Tell from its members which kind of object `obj` is, and in which spelling.

    Args:
        kind: look only for this kind.
        source: look only for this spelling, one of `DIALECTS`.

    Raises:
        InvalidFormat: none fits, or more than one does; the message says what was looked for.
    """
    asked = {
        (dialect, what): marks
        for (dialect, what), marks in _MARKS.items()
        if source in (None, dialect) and kind in (None, what)
    }
    if kind is not None and source is not None and len(asked) == 1:
        return Recognised(source, kind)
    fitting = {name: marks for name, marks in asked.items() if marks.fit(obj)}
    if len(fitting) == 1:
        return Recognised(*next(iter(fitting)))
    if fitting:
        raise InvalidFormat(f"could be {_listed(fitting, ' or ')}: say which by its dialect and kind")
    if not asked:
        raise _no_such_kind(source, kind)
    members = ", ".join(sorted(obj)) or "no members"
    hint = " (a whole message; its payload is the object)" if "payload" in obj else ""
    raise InvalidFormat(f"no known object: it has {members}{hint}; looked for {_listed(asked, '; ')}")


def _listed(marks: Mapping[tuple[str, str], Marks], between: str) -> str:
    return between.join(f"{dialect} {kind} ({told})" for (dialect, kind), told in marks.items())


def _no_such_kind(dialect: str | None, kind: str | None) -> InvalidFormat:
    known = [name for place, name in _MARKS if dialect in (None, place)]
    where = f"the {dialect} dialect has" if dialect else "there is"
    return InvalidFormat(f"{where} no {kind}; it has {', '.join(sorted(set(known)))}")


def _shape(dialect: str, kind: str) -> Shape:
    if (dialect, kind) not in _SHAPES:
        raise _no_such_kind(dialect, kind)
    return _SHAPES[dialect, kind]


def _to_canonical(obj: Any, kind: str | None, source: str | None) -> tuple[str, Any, list[str]]:
    if isinstance(obj, MPLPModel):
        kind, source, obj = _kind_of(obj), CANONICAL, obj.to_wire()
    if isinstance(obj, Sequence) and not isinstance(obj, (str, bytes)):
        return _spans(obj, kind, source)
    if not isinstance(obj, Mapping):
        raise InvalidFormat(f"an object is needed, not {type(obj).__name__}")
    require_json(obj := dict(obj))
    found = recognise(obj, kind=kind, source=source)
    if found.dialect == CANONICAL:
        return found.kind, checked(found.kind, obj), []
    return found.kind, *_shape(found.dialect, found.kind).to_canonical(obj)


def _spans(parts: Sequence[Any], kind: str | None, source: str | None) -> tuple[str, list[Any], list[str]]:
    read = [_to_canonical(part, kind, source) for part in parts]
    if not read or any(found != "trace" or isinstance(ours, list) for found, ours, _ in read):
        raise InvalidFormat("a list is read as the spans of one trace; this is none")
    return "trace", one_each([ours for _, ours, _ in read]), _numbered(lost for _, _, lost in read)


def _from_canonical(shape: Shape, ours: Any) -> tuple[Any, list[str]]:
    if shape is TRACE:
        return shape.from_canonical(ours if isinstance(ours, list) else [ours])
    if not isinstance(ours, list):
        return shape.from_canonical(ours)
    written = [shape.from_canonical(one) for one in ours]
    return [theirs for theirs, _ in written], _numbered(lost for _, lost in written)


def _numbered(losses: Iterable[list[str]]) -> list[str]:
    return [f"/{index}{path}" for index, paths in enumerate(losses) for path in paths]


def _kind_of(model: MPLPModel) -> str:
    kind = next((kind for known, kind in _MODEL_KINDS.items() if isinstance(model, known)), None)
    if kind is None:
        raise InvalidFormat(f"a {type(model).__name__} is only a part; convert the object that holds it")
    return kind


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidFormat(f"not JSON: {error}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
