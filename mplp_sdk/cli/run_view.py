"""One recorded run for a terminal: the tree of what ran, plan against reality, approvals, context.

`mplp show` and the demo print these. Every piece of recorded text goes through `plain`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mplp_sdk.cli._text import duration, plain, shorten
from mplp_sdk.client import Client
from mplp_sdk.models import Confirmation, Context, Decision, Plan, Span, Task

__all__ = ["RecordedRun", "fetch_run", "print_run"]

_STATUS_STYLE = {
    "success": "green",
    "completed": "green",
    "approved": "green",
    "failure": "red",
    "failed": "red",
    "rejected": "red",
    "timeout": "red",
    "cancelled": "yellow",
    "skipped": "yellow",
    "pending": "yellow",
}


@dataclass(frozen=True)
class RecordedRun:
    """All that a server has of one run."""

    spans: Sequence[Span]
    """Of one trace, or of several that went on in the same context; by start."""
    context: Context
    plans: Sequence[Plan]
    confirmations: Sequence[Confirmation]


def fetch_run(client: Client, trace_ids: Iterable[str]) -> RecordedRun:
    """Read a run back: the spans of its traces, and what their context holds.

    Raises:
        NotFound: the server has no such trace.
    """
    spans = [span for trace_id in trace_ids for span in client.traces.spans(trace_id)]
    context_id = spans[0].context_id
    return RecordedRun(
        spans=sorted(spans, key=lambda span: span.timestamp.start),
        context=client.contexts.get(context_id),
        plans=list(client.plans.list(context_id=context_id)),
        confirmations=list(client.confirmations.list(context_id=context_id)),
    )


def print_run(console: Console, run: RecordedRun) -> None:
    """Print everything there is about `run`."""
    for part in (_trees(run), *(_plan(plan, run.spans) for plan in run.plans), _approvals(run)):
        console.print(part)
    console.print(_context(run.context))


def _trees(run: RecordedRun) -> RenderableType:
    known = {span.span_id for span in run.spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in run.spans:
        children[span.parent_span_id if span.parent_span_id in known else None].append(span)
    return Panel(Group(*(_tree(root, children) for root in children[None])), title="What ran")


def _tree(root: Span, children: dict[str | None, list[Span]]) -> Tree:
    tree = Tree(_line(root))
    waiting = [(root, tree)]
    while waiting:
        span, branch = waiting.pop()
        waiting += [(child, branch.add(_line(child))) for child in children.get(span.span_id, ())]
    return tree


def _line(span: Span) -> Text:
    result = span.result
    status = (result.status if result else None) or "open"
    line = plain(span.action.name, style="bold")
    line.append_text(plain(f"  {span.action.type}", style="cyan"))
    line.append_text(plain(f"  {duration(span.timestamp.start, span.timestamp.end)}", style="dim"))
    line.append_text(plain(f"  {status}", style=_STATUS_STYLE.get(status, "")))
    if result and (tokens := (result.metrics or {}).get("total_tokens")) is not None:
        line.append_text(plain(f"  {tokens} tokens", style="magenta"))
    if result and result.error:
        line.append_text(plain(f"  {shorten(result.error.get('message', ''))}", style="red"))
    return line


def _plan(plan: Plan, spans: Sequence[Span]) -> RenderableType:
    table = Table("task", "state", "ran", "first start", "waits for", box=None)
    names = {task.id: task.name for task in plan.tasks}
    for task in plan.tasks:
        before = [names.get(edge.from_task, "?") for edge in plan.dependencies if edge.to_task == task.id]
        table.add_row(*_task_row(task, [span for span in spans if span.task_id == task.id], before))
    title = f"Plan against what ran: {plan.name} {plan.version or ''}, {plan.status or 'no status'}"
    return Panel(table, title=plain(title))


def _task_row(task: Task, ran: Sequence[Span], waits_for: Sequence[str]) -> tuple[Text, ...]:
    status = task.status or "pending"
    indent = "  " if task.parent_task else ""
    return (
        plain(indent + task.name),
        plain(status, style=_STATUS_STYLE.get(status, "")),
        plain(f"{len(ran)}×" if ran else "never"),
        plain(f"{ran[0].timestamp.start:%H:%M:%S.%f}"[:-3] if ran else "–"),
        plain(", ".join(waits_for) or "–"),
    )


def _approvals(run: RecordedRun) -> RenderableType:
    table = Table("asked", "state", "who", "when", "why", box=None)
    for confirmation in run.confirmations:
        result = confirmation.result
        status = (result.status if result else None) or "pending"
        asked = plain(shorten(confirmation.target.description or confirmation.target.id))
        decisions = result.decisions if result else []
        for decision in decisions:
            when = f"{decision.timestamp:%H:%M:%S}" if decision.timestamp else "–"
            why = shorten("; ".join(map(str, decision.comments))) or "–"
            table.add_row(
                asked,
                plain(status, style=_STATUS_STYLE.get(status, "")),
                plain(_who(decision)),
                plain(when),
                plain(why),
            )
        if not decisions:
            table.add_row(asked, plain(status, style="yellow"), plain("–"), plain("–"), plain("–"))
    return Panel(table if run.confirmations else plain("Nobody was asked."), title="Approvals")


def _who(decision: Decision) -> str:
    """The name that the decision bears; what else is known where it bears none."""
    named = (decision.model_extra or {}).get("approver")
    return str(named or decision.approver_id or "–")


def _context(context: Context) -> RenderableType:
    table = Table(box=None, show_header=False)
    table.add_row(plain("id"), plain(context.id))
    table.add_row(plain("status"), plain(f"{context.status}, {context.lifecycle_stage}"))
    for goal in context.shared_state.goals:
        table.add_row(plain("goal"), plain(shorten(goal.description, 96)))
    for name, value in context.shared_state.variables.items():
        table.add_row(plain(name), plain(shorten(value, 96)))
    return Panel(table, title=plain(f"Context: {context.name or context.id}"))
