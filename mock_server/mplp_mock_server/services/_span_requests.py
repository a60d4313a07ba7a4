"""`POST /traces`: several requests for one span each, answered together.

Spec: protocol §2.1 (a repeated create), §3 Trace (open and closed).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field

from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode
from mplp_mock_server.services._trace_rows import store_spans
from mplp_mock_server.store import Remembered, SpanRow, Writer
from mplp_sdk.errors import Conflict

__all__ = ["Answers", "SpanRequest", "answer_spans"]


@dataclass(frozen=True)
class SpanRequest:
    """A request to store one span."""

    span: SpanRow
    repeatable: Repeatable


@dataclass
class Answers:
    """Decides on spans one after the other, and stores them at once."""

    tx: Writer
    known: dict[tuple[str, str], SpanRow]
    """Spans that are stored already, or decided on before."""
    new: list[SpanRow] = field(default_factory=list)

    @classmethod
    def to(cls, tx: Writer, spans: Sequence[SpanRow]) -> Answers:
        """Ready to decide on these spans."""
        return cls(tx, tx.known_spans([_key(span) for span in spans]))

    def decide(self, span: SpanRow) -> bytes:
        """The span as it is to be answered: a closed one is never opened again.

        Raises:
            Conflict: another span has this id.
        """
        old = self.known.get(_key(span))
        if old is not None:
            if _is_closed(old) == _is_closed(span) and decode(old.body) != decode(span.body):
                raise Conflict(
                    f"another span has the id {span.facts.id!r}",
                    details={"field": "id", "reason": "the body differs from that of the first request"},
                )
            if _is_closed(old):
                return old.body
        self.known[_key(span)] = span
        self.new.append(span)
        return span.body

    def store(self) -> None:
        """Store what was decided on."""
        store_spans(self.tx, self.new)


def answer_spans(tx: Writer, requests: Sequence[SpanRequest]) -> Sequence[bytes | Exception]:
    """The span as it is stored, or the conflict, for each request."""
    known = tx.recall([key for request in requests for key in request.repeatable.keys])
    new: dict[str, Remembered] = {}
    answers = Answers.to(tx, [request.span for request in requests])
    told = [_answer(answers, ChainMap(new, known), request) for request in requests]
    answers.store()
    tx.remember(new.items())
    return told


def _answer(
    answers: Answers, remembered: MutableMapping[str, Remembered], request: SpanRequest
) -> bytes | Exception:
    try:
        first = request.repeatable.first_answer(remembered)
        if first is not None:
            return first
        body = answers.decide(request.span)
    except Conflict as error:
        return error
    remembered.update(request.repeatable.to_remember(body))
    return body


def _key(span: SpanRow) -> tuple[str, str]:
    return span.trace_id, span.facts.id


def _is_closed(span: SpanRow) -> bool:
    return span.facts.end is not None
