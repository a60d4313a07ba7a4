"""What is known of a step that has started, and of the top-level run that it belongs to.

Used by _runs.py, which makes them, and _graph_runs.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from mplp_adapters.langchain._progress import Progress, Scope
from mplp_adapters.langchain._steps import Step, thread_key
from mplp_sdk.recording import OpenSpan, Run

__all__ = ["Open", "Origin", "Root"]

Origin = tuple[int, int, UUID | None]
"""Identity of a step's input, of the thread it started on, and its parent's run id."""


@dataclass(slots=True, eq=False)
class Root:
    """One top-level run."""

    run: Run
    progress: Progress
    touched: float
    """When anything last happened in it (monotonic seconds)."""
    members: list[UUID] = field(default_factory=list)
    """LangChain's ids of all its steps."""
    goals: Sequence[str] = ()
    """What it is to reach, in a person's words."""
    thread: str | None = None
    """The LangGraph thread that it works on; None where it is no LangGraph run."""
    interrupted: bool = False


@dataclass(slots=True, eq=False)
class Open:
    """One step that has started. It stays known until its root ends: children may start late."""

    span: OpenSpan
    root: Root
    step: Step
    origin: Origin
    """Tells an event that is told twice from a run id that is used twice."""
    parent: Open | None
    task: str | None = None
    """Key of the task that it carries out."""
    inside: str | None = None
    """Key of the nearest task that it carries out or belongs to."""
    scope: Scope | None = None
    """Set for a graph: where its nodes are in the plan."""
    before: Open | None = None
    """The step whose run id it uses again."""
    copies: int = 1
    """How often the start was told: the same handler may be given twice."""
    notes: int = 0
    answering: bool = False
    """Whether a model's answer began to arrive."""
    ended: bool = False

    @property
    def thread(self) -> str:
        """The thread that it works on; its Context where it names none."""
        return thread_key(self.step.metadata) or self.root.run.context_id
