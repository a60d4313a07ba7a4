"""The one row a trace: kept right as spans come, in any order, open or closed, once or twice.

Sums move by what each span adds. Only when a record replaces another in a way that sums cannot follow (a
closed span changed, a start moved) are the spans of that trace counted again.

Spec: protocol §2.1 traces, §3 Trace, §6.
"""

from __future__ import annotations

from collections.abc import Iterable

from mplp_mock_server.services._spans import FAILED, beats, read_lead
from mplp_mock_server.store import SpanFacts, SpanRow, TraceRow, Writer

__all__ = ["store_spans"]

Key = tuple[str, str]


def store_spans(tx: Writer, spans: Iterable[SpanRow]) -> None:
    """Store the spans that are new or beat what is stored, and bring the rows of their traces up to date."""
    best = _best(spans)
    rows = tx.trace_rows(list({trace_id for trace_id, _ in best}))
    known = tx.known_spans([key for key in best if key[0] in rows])
    winners = [row for key, row in best.items() if key not in known or beats(row, known[key])]
    tx.put_spans(winners)
    _bring_up_to_date(tx, rows, winners, known)


def _best(spans: Iterable[SpanRow]) -> dict[Key, SpanRow]:
    best: dict[Key, SpanRow] = {}
    for span in spans:
        key = (span.trace_id, span.facts.id)
        if key not in best or beats(span, best[key]):
            best[key] = span
    return best


def _bring_up_to_date(
    tx: Writer, rows: dict[str, TraceRow], winners: Iterable[SpanRow], known: dict[Key, SpanRow]
) -> None:
    touched: dict[str, TraceRow] = {}
    stale: set[str] = set()
    for span in winners:
        row = rows.get(span.trace_id)
        if row is None:
            row = rows[span.trace_id] = _empty_row(span)
        touched[span.trace_id] = row
        old = known.get((span.trace_id, span.facts.id))
        if old is not None and not _is_end_of(span.facts, old.facts):
            stale.add(span.trace_id)
        elif old is not None:
            _count(row, old.facts, -1)
        _count(row, span.facts, +1)
        _follow(row, span)
    for trace_id in stale:
        touched[trace_id] = _recount(tx, trace_id)
    for row in touched.values():
        row.status = _status(row)
    tx.put_trace_rows(touched.values())


def _is_end_of(new: SpanFacts, old: SpanFacts) -> bool:
    """Whether the record only closes what was open, so that no earliest or latest time can move back."""
    return old.end is None and (new.start, new.root) == (old.start, old.root)


def _empty_row(span: SpanRow) -> TraceRow:
    facts = span.facts
    return TraceRow(span.trace_id, facts.root, facts.start, facts.id, None, "", "", "", facts.start)


def _count(row: TraceRow, facts: SpanFacts, by: int) -> None:
    row.span_count += by
    row.open_count += by * (facts.end is None)
    row.error_count += by * (facts.status in FAILED)
    if facts.tokens is not None:
        row.token_count += by
        row.tokens += by * facts.tokens
    if by > 0:
        row.start = min(row.start, facts.start)
        if facts.end is not None:
            row.end = facts.end if row.end is None else max(row.end, facts.end)


def _rank(root: bool, start: int, span_id: str) -> tuple[bool, int, str]:
    return not root, start, span_id


def _follow(row: TraceRow, span: SpanRow) -> None:
    """Let this span speak for the trace, if it is the one to."""
    facts = span.facts
    if row.lead_root and not facts.root:
        return  # nearly always, so it is asked first
    if _rank(facts.root, facts.start, facts.id) > _rank(row.lead_root, row.lead_start, row.lead_id):
        return
    lead = read_lead(span.body)
    row.lead_root, row.lead_start, row.lead_id = facts.root, facts.start, facts.id
    row.lead_status = facts.status
    row.context_id, row.agent_id, row.name = lead.context_id, lead.agent_id, lead.action.name


def _recount(tx: Writer, trace_id: str) -> TraceRow:
    found = list(tx.span_facts(trace_id))
    lead = min(found, key=lambda facts: _rank(facts.root, facts.start, facts.id))
    span = tx.span(trace_id, lead.id)
    assert span is not None, "its facts were read in this transaction"  # noqa: S101
    row = _empty_row(span)
    for facts in found:
        _count(row, facts, +1)
    _follow(row, span)
    return row


def _status(row: TraceRow) -> str:
    """`running` while a span is open; else how the root ended, or `unknown` where nothing says."""
    if row.open_count:
        return "running"
    return (row.lead_status if row.lead_root else None) or "unknown"
