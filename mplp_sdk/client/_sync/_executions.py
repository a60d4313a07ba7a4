"""`client.executions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from mplp_sdk.client._operations import executions
from mplp_sdk.client._paging import Page
from mplp_sdk.client._sync._namespace import Namespace
from mplp_sdk.models import CommandResult, Execution, ExecutionCreate, ExecutionLog, Workspace
from mplp_sdk.models.execution import ExecutionStatus, LogLevel

__all__ = ["Executions"]


class Executions(Namespace):
    """Executions: plans that are being carried out."""

    def create(self, **members: Unpack[ExecutionCreate]) -> Execution:
        """Start an execution.

        Args:
            members: the members of `ExecutionCreate`. With a `plan_id` the plan is executed, as by
                `plans.execute`; without, it is a record of something that others carry out.

        Raises:
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            NotFound: there is no such plan.
            OperationNotAllowed: the plan is not approved.
            ConfirmationRequired: somebody must approve first; `details["confirmation_id"]` says where.

        Spec: Design-draft; POST /executions.
        """
        return self._client.execute(executions.create(**members))

    def list(
        self,
        *,
        plan_id: str | None = None,
        context_id: str | None = None,
        status: ExecutionStatus | None = None,
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> Page[Execution]:
        """List executions; iterating reads page after page.

        Args:
            plan_id: only executions of this plan.
            context_id: only executions in this context.
            status: only executions with this status.
            page: the page to begin with, from 1.
            page_size: executions a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /executions.
        """
        return self._client.pages(
            executions.list(
                plan_id=plan_id,
                context_id=context_id,
                status=status,
                page=page,
                page_size=page_size,
                sort=sort,
            )
        )

    def get(self, execution_id: str) -> Execution:
        """Read one execution, with its progress.

        Args:
            execution_id: UUID of the execution.

        Raises:
            NotFound: no execution has this id.

        Spec: Design-draft; GET /executions/{execution_id}.
        """
        return self._client.execute(executions.get(execution_id))

    def wait(self, execution_id: str, *, timeout: float | None = 60.0) -> Execution:
        """Wait until an execution has completed, failed or been cancelled.

        It is read again and again, after pauses that grow from 50 ms to 2 s. A paused one is waited for.

        Args:
            execution_id: UUID of the execution.
            timeout: seconds to wait; None: no limit.

        Returns:
            The ended execution. One that failed raises nothing: look at `status`.

        Raises:
            NotFound: no execution has this id.
            RequestTimeout: it goes on after the time is over; `details["status"]` says how it stands.

        Spec: Design-draft; GET /executions/{execution_id}.
        """
        return self._client._wait(execution_id, timeout)

    def pause(self, execution_id: str) -> Execution:
        """Stop before the next task.

        Args:
            execution_id: UUID of the execution.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it is not running.

        Spec: Design-draft; POST /executions/{execution_id}/pause.
        """
        return self._client.execute(executions.pause(execution_id))

    def resume(self, execution_id: str) -> Execution:
        """Go on where it was paused.

        Args:
            execution_id: UUID of the execution.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it is not paused.

        Spec: Design-draft; POST /executions/{execution_id}/resume.
        """
        return self._client.execute(executions.resume(execution_id))

    def cancel(self, execution_id: str) -> Execution:
        """End it for good, before the next task.

        Args:
            execution_id: UUID of the execution.

        Raises:
            NotFound: no execution has this id.
            OperationNotAllowed: it has ended.

        Spec: Design-draft; POST /executions/{execution_id}/cancel.
        """
        return self._client.execute(executions.cancel(execution_id))

    def logs(
        self,
        execution_id: str,
        *,
        level: LogLevel | None = None,
        after: str | None = None,
        page: int = 1,
        page_size: int = 50,
    ) -> Page[ExecutionLog]:
        """List the lines of an execution's log, oldest first; iterating reads page after page.

        Args:
            execution_id: UUID of the execution.
            level: only lines of this level.
            after: id of a line; only those after it.
            page: the page to begin with, from 1.
            page_size: lines a page, 1 to 1000.

        Raises:
            NotFound: no execution has this id.
            ValueOutOfRange: `page` or `page_size` is out of range.
            DataIntegrityError: the log has no line `after`.

        Spec: Design-draft; GET /executions/{execution_id}/logs.
        """
        return self._client.pages(
            executions.logs(execution_id, level=level, after=after, page=page, page_size=page_size)
        )

    def command(
        self, execution_id: str, command: str, *, arguments: Mapping[str, Any] | None = None
    ) -> CommandResult:
        """Give a command to an execution.

        Args:
            execution_id: UUID of the execution.
            command: `status`, `retry_task`, `skip_task` or `set_variable`.
            arguments: `task_id` for tasks, `key` and `value` for a variable.

        Raises:
            NotFound: no execution has this id.
            ValueOutOfRange: there is no such command.
            OperationNotAllowed: the execution is not in a state for it.

        Spec: Design-draft; POST /executions/{execution_id}/commands.
        """
        return self._client.execute(executions.command(execution_id, command, arguments=arguments))

    def workspace(self, execution_id: str) -> Workspace:
        """Read what an execution works with: variables, artifacts, checkpoints.

        Args:
            execution_id: UUID of the execution.

        Raises:
            NotFound: no execution has this id.

        Spec: Design-draft; GET /executions/{execution_id}/workspace.
        """
        return self._client.execute(executions.workspace(execution_id))
