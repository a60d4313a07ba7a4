"""Everything that is stored of one execution, as it happens: the execution and its plan, spans, log lines,
what it leaves in its workspace and its context.

What happens is noted in memory; `commit` stores all of it in one transaction. While a plan is carried out, it
is locked, so the copy in memory is the newest. The lock is a row of its own: after a crash, it names what the
server was working on. Spec: protocol §2.1 executions, §3 Execution, Trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mplp_mock_server.clock import Clock, to_micros
from mplp_mock_server.handlers import TaskCall
from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._context_state import read_ledger
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._plan_lock import lock, unlock
from mplp_mock_server.services._spans import read_span
from mplp_mock_server.services._trace_rows import store_spans
from mplp_mock_server.services._validation import JsonObject
from mplp_mock_server.services.contexts import ENDED as CONTEXT_ENDED
from mplp_mock_server.services.execution._gate import Admitted
from mplp_mock_server.services.execution._scheduler import Scheduler, Step
from mplp_mock_server.services.execution._spans import closed, opened
from mplp_mock_server.services.execution._workflow import Workflow, read_workflow
from mplp_mock_server.store import ObjectRow, PartRow, Query, Reader, Writer
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["CHECKPOINT", "LOG", "WORKSPACE", "Collections", "Journal", "all_parts", "log_line"]

CHECKPOINT: Final = "checkpoint"
"""Kind of the parts of an execution that hold the shared state before each task."""
LOG: Final = "log"
"""Kind of the parts of an execution that are its log, in order."""
WORKSPACE: Final = "workspace"
"""Kind of the part of an execution that says what it left behind."""

_SPAN_STATUS: Final = {"completed": "success", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Collections:
    """Where the objects of an execution belong."""

    plans: Collection
    executions: Collection
    contexts: Collection


@dataclass
class _Pending:
    """What was noted and is not stored yet."""

    spans: list[JsonObject] = field(default_factory=list)
    lines: list[PartRow] = field(default_factory=list)
    variables: JsonObject = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)
    """Tasks about to start, before which the state is to be kept."""


class Journal:
    """The notes of one execution.

    Args:
        plan: the plan as it is stored.
        execution: the execution as it is stored.
        root: the open span that all others are below.
        workspace: `variables` and `artifacts`, as they are stored.
    """

    def __init__(
        self,
        collections: Collections,
        clock: Clock,
        *,
        plan: JsonObject,
        execution: JsonObject,
        root: JsonObject,
        workspace: JsonObject,
    ) -> None:
        self.workflow: Workflow = read_workflow(plan)
        self.plan = plan
        self.execution = execution
        self.variables: JsonObject = {}
        """The context's shared variables, as they were with the last commit."""
        self._collections = collections
        self._clock = clock
        self._root = root
        self._workspace = workspace
        self._tasks: dict[str, JsonObject] = {task["id"]: task for task in plan["tasks"]}
        self._spans: dict[str, JsonObject] = {}
        """Open spans, by task."""
        self._outputs: JsonObject = {}
        self._pending = _Pending()
        self._locks = False
        """Whether the plan is to be locked."""
        self._over = False

    @classmethod
    def begin(
        cls, collections: Collections, clock: Clock, admitted: Admitted, execution: JsonObject
    ) -> Journal:
        """The journal of a new execution, with its first notes. It locks the plan."""
        plan, now = admitted.plan, format_time(clock.now())
        execution |= {"context_id": admitted.context_id, "started_at": now}
        execution["metadata"] = {**execution["metadata"], "trace_id": new_id()}
        plan["metadata"] = {**(plan.get("metadata") or {}), "execution_id": execution["id"]}
        journal = cls(
            collections,
            clock,
            plan=plan,
            execution=execution,
            root=_root(plan, execution),
            workspace=_empty_workspace(),
        )
        journal.set_status("running")
        journal.take_statuses(admitted.scheduler)
        journal._pending.spans.append(journal._root)
        journal._locks = True
        return journal

    @classmethod
    def reopen(
        cls, view: Reader, collections: Collections, clock: Clock, execution_id: str
    ) -> Journal | None:
        """The journal of an execution that nobody ended; None where its objects are gone.

        Tasks that ran count as running, and their open spans are known again.
        """
        execution_row = view.get("execution", execution_id)
        if execution_row is None:
            return None
        execution = decode(execution_row.body)
        plan_row = view.get("plan", execution["plan_id"])
        if plan_row is None:
            return None
        plan, workspace = decode(plan_row.body), view.part(WORKSPACE, execution_id, "")
        journal = cls(
            collections,
            clock,
            plan=plan,
            execution=execution,
            root=_root(plan, execution),
            workspace=_empty_workspace() if workspace is None else decode(workspace.body),
        )
        spans = map(decode, view.spans(execution["metadata"]["trace_id"]))
        attempts = (span for span in spans if "task_id" in span and "end" not in span["timestamp"])
        journal._spans = {span["task_id"]: span for span in attempts}
        return journal

    @property
    def is_over(self) -> bool:
        """Whether the end was noted."""
        return self._over

    @property
    def is_stored(self) -> bool:
        """Whether all notes are stored."""
        return not self._pending.lines

    def task(self, task_id: str) -> JsonObject:
        """A task as it stands in the plan; a copy."""
        return dict(self._tasks[task_id])

    # --- Notes ------------------------------------------------------------------------------------------

    def log(self, level: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        """Note a line for the log."""
        self._pending.lines.append(log_line(self.execution["id"], self._clock, level, message, details))

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Note that the execution moved to another status."""
        self.execution["status"] = status
        because = f": {reason}" if reason else ""
        self.log("error" if status == "failed" else "info", f"execution {status}{because}")

    def set_variable(self, key: str, value: Any) -> None:
        """Note that a shared variable is to be set."""
        self._pending.variables[key] = value
        self._workspace["variables"][key] = value

    def attempt_over(self, task_id: str, call: TaskCall, output: Any, error: BaseException | None) -> None:
        """Note how a handler's attempt went, and what it did on the way."""
        for note in call.notes:
            self.log(note.level, note.message, {**note.details, "task_id": task_id})
        for key, value in call.changed.items():
            self.set_variable(key, value)
        self._workspace["artifacts"] += [{"task_id": task_id, "artifact": made} for made in call.artifacts]
        if error is None:
            self._outputs[task_id] = output
            self._close(task_id, "success", output=output)
            return
        told = {"type": type(error).__name__, "message": str(error)}
        message = f"attempt {call.attempt} at {self._name(task_id)} failed"
        self.log("warn", message, {**told, "task_id": task_id})
        self._close(task_id, "failure", error=told)

    def task_changed(self, step: Step) -> None:
        """Note a step of the scheduler."""
        task, now = self._tasks[step.task_id], format_time(self._clock.now())
        about = {"task_id": step.task_id}
        because = f": {step.because}" if step.because else ""
        if step.change in ("started", "opened", "waiting"):
            task.pop("completed_at", None)
        if step.change == "started":
            self.log("info", f"task {task['name']!r} started", {**about, "attempt": step.attempt})
            self._open(task, step.attempt, now)
            if step.attempt == 1 and self.workflow.checkpoints:
                self._pending.checkpoints.append(step.task_id)
        else:
            level = "error" if step.change == "failed" else "info"
            self.log(level, f"task {task['name']!r} {step.change}{because}", about)
        if step.change in ("started", "opened"):
            task.setdefault("started_at", now)
        elif step.change == "waiting":
            task.pop("started_at", None)
        else:
            task["completed_at"] = now
            self._close(step.task_id, _SPAN_STATUS.get(step.change, "failure"))

    def take_statuses(self, scheduler: Scheduler) -> None:
        """Note the status of each task, and with them the progress."""
        for task_id, task in self._tasks.items():
            task["status"] = scheduler.status(task_id)
        self._count()

    def end(self, outcome: str, reason: str | None = None) -> None:
        """Note the end of the execution and its plan."""
        now = format_time(self._clock.now())
        outputs = {name: self._outputs[name] for name in self._tasks if name in self._outputs}
        self.execution |= {"completed_at": now, "output": {"tasks": outputs}}
        for obj in (self.execution, self.plan):
            change = {"status": outcome, "changed_at": now, **({"reason": reason} if reason else {})}
            obj["status"] = outcome
            obj["metadata"] = {**(obj.get("metadata") or {}), "status_change": change}
        self.set_status(outcome, reason)
        status = _SPAN_STATUS.get(outcome, "failure")
        error = {"type": "PlanExecutionFailed", "message": reason} if outcome == "failed" else None
        self._pending.spans.append(closed(self._root, now, status, error=error))
        self._over = True

    def abort(self, reason: str) -> None:
        """Note that the execution is over because the server could not go on."""
        error = {"type": "ServerError", "message": reason}
        for task_id, task in self._tasks.items():
            if task.get("status") == "running":
                task |= {"status": "failed", "completed_at": format_time(self._clock.now())}
                self._close(task_id, "failure", error=error)
            elif task.get("status") in ("pending", "ready"):
                task["status"] = "cancelled"
        self._count()
        self.end("failed", reason)

    # --- Storing ----------------------------------------------------------------------------------------

    def store(self, tx: Writer) -> None:
        """Store what was noted; call `stored` once the transaction is durable."""
        self._store_context(tx)
        for collection, obj in (
            (self._collections.plans, self.plan),
            (self._collections.executions, self.execution),
        ):
            collection.replace(tx, collection.existing(tx, obj["id"]), dict(obj))
        store_spans(tx, [read_span(encode(span)) for span in self._pending.spans])
        self._put(tx, WORKSPACE, "", encode(self._workspace))
        for line in self._pending.lines:
            tx.put_part(line)
        if self._locks:
            lock(tx, self.plan["id"], self.execution["id"], to_micros(self._clock.now()))
        if self._over:
            unlock(tx, self.plan["id"])

    def stored(self) -> None:
        """Forget the notes that are stored."""
        self._pending = _Pending()
        self._locks = False

    def _store_context(self, tx: Writer) -> None:
        row = tx.get("context", self.execution["context_id"])
        if row is None:
            return
        context = decode(row.body)
        state = context["shared_state"]
        if self._may_change(row):
            variables = {**(state.get("variables") or {}), **self._pending.variables}
            context = {**context, "shared_state": {**state, "variables": variables}}
            context = self._rolled_back(tx, context)
            if context["shared_state"] != state:
                self._collections.contexts.replace(tx, row, context)
        state = context["shared_state"]
        self.variables = dict(state.get("variables") or {})
        for task_id in self._pending.checkpoints:
            self._keep(tx, task_id, context["id"], state)

    def _may_change(self, row: ObjectRow) -> bool:
        if row.status not in CONTEXT_ENDED:
            return True
        if self._pending.variables:
            self.log("warn", f"the context is {row.status}; its variables were not set")
        return False

    def _keep(self, tx: Writer, task_id: str, context_id: str, state: JsonObject) -> None:
        told = {
            "task_id": task_id,
            "state_version": str(read_ledger(tx, context_id).version),
            "at": format_time(self._clock.now()),
        }
        kept = {"state": state, "variables": self._workspace["variables"]}
        self._put(tx, CHECKPOINT, task_id, encode(told), encode(kept))

    def _rolled_back(self, tx: Writer, context: JsonObject) -> JsonObject:
        if not self._over or self.plan["status"] != "failed":
            return context
        kept = next(self._checkpoints_to_go_back_to(tx), None)
        if kept is None:
            return context
        self.log("info", f"the shared state went back to before {self._name(kept.id)}", {"task_id": kept.id})
        then = decode(kept.content or b"{}")
        self._workspace["variables"] = then["variables"]
        return {**context, "shared_state": then["state"]}

    def _checkpoints_to_go_back_to(self, tx: Reader) -> Iterator[PartRow]:
        for told in all_parts(tx, CHECKPOINT, self.execution["id"]):
            task_id = decode(told)["task_id"]
            if self.workflow.back_to_start or self._tasks[task_id]["status"] == "failed":
                kept = tx.part(CHECKPOINT, self.execution["id"], task_id)
                if kept is not None:
                    yield kept

    # --- Small things -----------------------------------------------------------------------------------

    def _open(self, task: JsonObject, attempt: int, at: str) -> None:
        place = {name: self._root[name] for name in ("trace_id", "context_id", "plan_id")}
        span = opened(
            {"id": new_id(), **place, "parent_span_id": self._root["id"], "task_id": task["id"]},
            name=task["name"],
            agent=task.get("assigned_agent"),
            at=at,
            parameters={"attempt": attempt},
        )
        self._spans[task["id"]] = span
        self._pending.spans.append(span)

    def _close(
        self, task_id: str, status: str, *, output: Any = None, error: JsonObject | None = None
    ) -> None:
        span = self._spans.pop(task_id, None)
        if span is not None:
            now = format_time(self._clock.now())
            self._pending.spans.append(closed(span, now, status, output=output, error=error))

    def _count(self) -> None:
        done = Counter(task.get("status") for task in self._tasks.values())
        counts = {"total": len(self._tasks), "completed": done["completed"], "failed": done["failed"]}
        self.execution["progress"] = counts

    def _name(self, task_id: str) -> str:
        return repr(self._tasks[task_id]["name"])

    def _put(self, tx: Writer, kind: str, part_id: str, body: bytes, content: bytes | None = None) -> None:
        now = to_micros(self._clock.now())
        owner: str = self.execution["id"]
        row = PartRow(kind=kind, owner=owner, id=part_id, body=body, created_at=now, content=content)
        tx.put_part(row)


def _empty_workspace() -> JsonObject:
    return {"variables": {}, "artifacts": []}


def _root(plan: JsonObject, execution: JsonObject) -> JsonObject:
    trace_id = execution["metadata"]["trace_id"]
    place = {"trace_id": trace_id, "context_id": execution["context_id"], "plan_id": plan["id"]}
    return opened(
        {"id": trace_id, **place},
        name=plan["name"],
        agent=execution.get("agent_id"),
        at=execution["started_at"],
        parameters={"execution_id": execution["id"]},
    )


def log_line(
    execution_id: str, clock: Clock, level: str, message: str, details: Mapping[str, Any] | None = None
) -> PartRow:
    """A new line of an execution's log."""
    now = clock.now()
    line_id = new_id()
    line = {
        "id": line_id,
        "execution_id": execution_id,
        "timestamp": format_time(now),
        "level": level,
        "message": message,
        **({"details": details} if details else {}),
    }
    return PartRow(
        kind=LOG,
        owner=execution_id,
        id=line_id,
        body=encode(line),
        created_at=to_micros(now),
        status=level,
    )


def all_parts(view: Reader, kind: str, owner: str) -> Iterator[bytes]:
    """The bodies of all parts of one kind, in the order in which they came."""
    query = Query(limit=1000)
    while True:
        bodies, total = view.parts(kind, owner, query)
        yield from bodies
        if query.offset + len(bodies) >= total:
            return
        query = Query(limit=1000, offset=query.offset + len(bodies))
