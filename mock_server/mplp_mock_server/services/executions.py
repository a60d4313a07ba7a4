"""Executions: begun, paused, resumed, cancelled, commanded, and looked at. Spec: protocol §2.1, §3 Execution.

An execution of a plan is carried out by the server. One of nothing, or of a single task, is a record that its
maker keeps; pause, resume and cancel then just move its status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from mplp_mock_server.clock import Clock
from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._idempotency import Repeatable, id_key
from mplp_mock_server.services._moves import check_move
from mplp_mock_server.services._objects import decode, encode, object_row
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, read_input, required_text
from mplp_mock_server.services.confirmations import Confirmations
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.services.execution import (
    CHECKPOINT,
    LOG,
    WORKSPACE,
    Admitted,
    Collections,
    Engine,
    Gate,
    Journal,
    Over,
    Run,
    Webhooks,
    all_parts,
    simulated,
)
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.store import Query, Reader, Store, Writer
from mplp_sdk.errors import (
    ConfirmationRequired,
    DataIntegrityError,
    NotFound,
    OperationNotAllowed,
    PlanExecutionFailed,
    SchemaValidationFailed,
    ValidationFailed,
    ValueOutOfRange,
)
from mplp_sdk.models import ExecuteRequest, VariableCreate

__all__ = ["MOVES", "Executions"]

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "pending": frozenset({"running", "cancelled"}),
    "running": frozenset({"paused", "cancelled"}),
    "paused": frozenset({"running", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
"""Where a caller may take each status."""

_COMMANDS: Final = ("status", "retry_task", "skip_task", "set_variable")
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


class Executions(Collection):
    """The executions of this server.

    Args:
        time_scale: seconds that a simulated task takes for each second that it is estimated to take.
    """

    kind: ClassVar[str] = "execution"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        plans: Plans,
        contexts: Contexts,
        confirmations: Confirmations,
        webhooks: Webhooks,
        time_scale: float,
    ) -> None:
        super().__init__(store, clock)
        self._gate = Gate(plans, confirmations, simulated(time_scale))
        self._collections = Collections(plans, self, contexts)
        self._webhooks = webhooks
        self.engine = Engine(store, clock, self._collections, webhooks)

    def defaults(self, obj: JsonObject) -> JsonObject:
        return {"status": "pending", **obj}

    # --- Beginning --------------------------------------------------------------------------------------

    async def create(self, body: JsonObject, key: str | None) -> bytes:
        """Store an execution; of a plan, also begin to carry it out.

        Raises:
            InvalidRequest: the object is wrong.
            Conflict: the id or key was used with another body.
            ProtocolError: the plan cannot be executed, as `execute` says.
        """
        if not isinstance(body.get("plan_id"), str) or body.get("task_id") is not None:
            return await super().create(body, key)
        if body.get("status", "pending") != "pending":
            raise invalid(
                ValidationFailed, "status", "comes from carrying the plan out, not from the request"
            )
        own = body.get("id")
        names = (id_key(self.kind, own),) if isinstance(own, str) else ()
        request = Repeatable.of(f"POST /{self.kind}", body, key, *names)
        return await self.engine.finish(self._begin(body, {}, request))

    async def execute(self, plan_id: str, body: JsonObject, key: str | None) -> tuple[bytes, bool]:
        """Carry a plan out; the execution, and whether it has ended.

        Args:
            body: `mplp_sdk.models.ExecuteRequest`.
            key: the `Idempotency-Key`; a repeat answers for the execution that the first request began.

        Raises:
            NotFound: no plan has this id.
            ResourceLocked: it is being executed.
            OperationNotAllowed: it is not approved, or its confirmation was refused.
            ConfirmationRequired: somebody has to approve it first.
            BusinessRuleViolation: it is empty, or waits for itself.
            ContextInvalid: there is no active context for it.
            InvalidRequest: it asks for something that there is not.
            PlanExecutionFailed: the caller waited for the end, and the plan failed.
        """
        check_id(plan_id, "plan_id")
        wanted = read_input(ExecuteRequest, body)
        if "notification_webhook" in wanted:
            self._webhooks.check(wanted["notification_webhook"])
        request = Repeatable.of(f"POST /plans/{plan_id}/execute", body, key)
        members = {"plan_id": plan_id, **{name: wanted[name] for name in ("context_id",) if name in wanted}}
        execution = await self.engine.finish(self._begin(members, wanted, request))
        if wanted.get("execution_mode") != "sync":
            return execution, False
        return await self._ended(decode(execution)["id"]), True

    async def _begin(self, members: JsonObject, wanted: JsonObject, request: Repeatable) -> bytes:
        row = self.new_row(members)

        def begin(tx: Writer) -> tuple[bytes, Admitted, Journal] | bytes | ConfirmationRequired:
            first = request.first_answer(tx.recall(request.keys))
            if first is not None:
                return first
            return self._store_begin(tx, decode(row.body), wanted, request)

        begun = await self.store.write(begin)
        if isinstance(begun, ConfirmationRequired):
            raise begun
        if isinstance(begun, bytes):
            return begun
        body, admitted, journal = begun
        journal.stored()
        webhook = wanted.get("notification_webhook")
        self.engine.launch(journal, admitted.scheduler, admitted.handlers, webhook)
        return body

    def _store_begin(
        self, tx: Writer, execution: JsonObject, wanted: JsonObject, request: Repeatable
    ) -> tuple[bytes, Admitted, Journal] | ConfirmationRequired:
        admitted = self._gate.admit(
            tx,
            execution["plan_id"],
            context_id=execution.get("context_id"),
            handler=wanted.get("handler"),
        )
        if isinstance(admitted, ConfirmationRequired):
            return admitted
        journal = Journal.begin(self._collections, self.clock, admitted, execution)
        self.insert(tx, object_row(self.kind, execution, encode(execution)))
        journal.store(tx)
        body = self.existing(tx, execution["id"]).body
        tx.remember(request.to_remember(body))
        return body, admitted, journal

    async def _ended(self, execution_id: str) -> bytes:
        run = self.engine.find(execution_id)
        if run is not None:
            await run.over.wait()
        body = await self.get(execution_id)
        execution = decode(body)
        if execution["status"] != "failed":
            return body
        reason = execution["metadata"]["status_change"]["reason"]
        raise PlanExecutionFailed(
            f"the plan failed: {reason}",
            details={
                "field": "plan_id",
                "reason": reason,
                "execution_id": execution_id,
                "plan_id": execution["plan_id"],
            },
        )

    # --- Steering ---------------------------------------------------------------------------------------

    async def pause(self, execution_id: str) -> bytes:
        """Let nothing more start; what runs, runs on.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it does not run.
        """
        return await self._move(execution_id, "paused", lambda run: _set_paused(run, True))

    async def resume(self, execution_id: str) -> bytes:
        """Go on where it was paused.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it has ended.
        """
        return await self._move(execution_id, "running", lambda run: _set_paused(run, False))

    async def cancel(self, execution_id: str) -> bytes:
        """End it now, with all that runs.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it has ended otherwise.
        """
        return await self._move(execution_id, "cancelled", lambda run: run.scheduler.cancel())

    async def command(self, execution_id: str, body: JsonObject, key: str | None) -> bytes:
        """Hand a command to an execution: `mplp_sdk.models.CommandCreate` in, `CommandResult` out.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no execution has this id, or its plan no such task.
            ValueOutOfRange: there is no such command.
            OperationNotAllowed: it does not run, or the task is in no state for it.
            InvalidRequest: the arguments are wrong.
        """
        check_id(execution_id, "execution_id")
        name, arguments = required_text(body, "command"), body.get("arguments")
        if name not in _COMMANDS:
            reason = f"Input should be one of {', '.join(_COMMANDS)}"
            raise invalid(ValueOutOfRange, "command", reason)
        if not isinstance(arguments, dict | None):
            raise invalid(SchemaValidationFailed, "arguments", "Input should be an object")
        execution = decode(await self.get(execution_id))
        request = Repeatable.of(f"POST /executions/{execution_id}/commands", body, key)
        first = await self.store.write(lambda tx: request.first_answer(tx.recall(request.keys)))
        if first is not None:
            return first
        result = await self._obeyed(execution, name, arguments or {})
        answer = encode({"command": name, "accepted": True, "result": result})
        await self.store.write(lambda tx: tx.remember(request.to_remember(answer)))
        return answer

    async def _obeyed(self, execution: JsonObject, name: str, arguments: JsonObject) -> Any:
        if name == "status":
            return {part: execution[part] for part in ("status", "progress") if part in execution}
        run = self.engine.find(execution["id"])
        try:
            if run is not None:
                return await run.ask(_command(run, name, arguments))
        except Over:
            pass
        raise OperationNotAllowed(
            "the execution does not run, so it takes no commands",
            details={"field": "command", "reason": "the execution does not run"},
        )

    async def _move(self, execution_id: str, status: str, move: Callable[[Run], None]) -> bytes:
        check_id(execution_id, "execution_id")
        run = self.engine.find(execution_id)
        if run is not None:
            try:
                await run.ask(lambda: _moved(run, status, move))
            except Over:
                pass
            else:
                return await self.get(execution_id)
        return await self.store.write(lambda tx: self._move_record(tx, execution_id, status))

    def _move_record(self, tx: Writer, execution_id: str, status: str) -> bytes:
        row = self.existing(tx, execution_id)
        execution = decode(row.body)
        check_move("execution", MOVES, execution["status"], status)
        if execution["status"] == status:
            return row.body
        return self.replace(tx, row, {**execution, "status": status})

    # --- Looking ----------------------------------------------------------------------------------------

    async def logs(self, execution_id: str, query: Query) -> tuple[Sequence[bytes], int]:
        """One page of log lines, oldest first, and how many fit.

        Args:
            query: may filter by `status`, which is the level, and by `after`, the id of a line.

        Raises:
            NotFound: no execution has this id.
            InvalidRequest: there is no such line.
        """
        check_id(execution_id, "execution_id")

        def read(view: Reader) -> tuple[Sequence[bytes], int]:
            self.existing(view, execution_id)
            if query.after is not None and view.part(LOG, execution_id, query.after) is None:
                raise invalid(DataIntegrityError, "after", f"the log has no line {query.after!r}")
            return view.parts(LOG, execution_id, query)

        return await self.store.read(read)

    async def workspace(self, execution_id: str) -> bytes:
        """What an execution works with and leaves behind: `mplp_sdk.models.Workspace`.

        Raises:
            NotFound: no execution has this id.
        """
        check_id(execution_id, "execution_id")

        def read(view: Reader) -> JsonObject:
            self.existing(view, execution_id)
            part = view.part(WORKSPACE, execution_id, "")
            kept = {"variables": {}, "artifacts": []} if part is None else decode(part.body)
            checkpoints = [decode(body) for body in all_parts(view, CHECKPOINT, execution_id)]
            return {"execution_id": execution_id, **kept, "checkpoints": checkpoints}

        return encode(await self.store.read(read))


def _moved(run: Run, status: str, move: Callable[[Run], None]) -> None:
    old = run.journal.execution["status"]
    check_move("execution", MOVES, old, status)
    if old != status:
        move(run)


def _set_paused(run: Run, paused: bool) -> None:
    run.scheduler.paused = paused
    run.journal.set_status("paused" if paused else "running")


def _command(run: Run, name: str, arguments: JsonObject) -> Callable[[], Any]:
    if name == "set_variable":
        variable = read_input(VariableCreate, arguments)
        return lambda: run.journal.set_variable(variable["key"], variable["value"])
    task_id = required_text(arguments, "task_id")
    act = run.scheduler.retry if name == "retry_task" else run.scheduler.skip
    return lambda: _on_task(run, task_id, act, name)


def _on_task(run: Run, task_id: str, act: Callable[[str], bool], name: str) -> JsonObject:
    if task_id not in run.scheduler:
        raise NotFound(f"the plan has no task {task_id!r}", details={"field": "task_id", "id": task_id})
    if not act(task_id):
        reason = f"the task is {run.scheduler.status(task_id)}"
        raise OperationNotAllowed(f"{reason}: no {name}", details={"field": "task_id", "reason": reason})
    return {"task_id": task_id}
