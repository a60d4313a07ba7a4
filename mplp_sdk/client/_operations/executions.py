"""Endpoints of Executions. Spec: protocol §2.1 executions; Design-draft, Execute module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from mplp_sdk.client._operations._call import (
    Call,
    PageData,
    acting,
    given,
    listing,
    reading,
    segment,
    sending,
)
from mplp_sdk.models import (
    CommandCreate,
    CommandResult,
    Execution,
    ExecutionCreate,
    ExecutionLog,
    Workspace,
)
from mplp_sdk.models.execution import ExecutionStatus, LogLevel

__all__ = ["cancel", "command", "create", "get", "list", "logs", "pause", "resume", "workspace"]


def create(**members: Unpack[ExecutionCreate]) -> Call[Execution]:
    """POST /executions."""
    return sending("POST", "/executions", ExecutionCreate, members, Execution)


def list(  # noqa: A001  # callers write executions.list
    *,
    plan_id: str | None = None,
    context_id: str | None = None,
    status: ExecutionStatus | None = None,
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Execution]]:
    """GET /executions."""
    return listing(
        "/executions",
        Execution,
        page=page,
        page_size=page_size,
        sort=sort,
        plan_id=plan_id,
        context_id=context_id,
        status=status,
    )


def get(execution_id: str) -> Call[Execution]:
    """GET /executions/{execution_id}."""
    return reading(_path(execution_id), Execution)


def pause(execution_id: str) -> Call[Execution]:
    """POST /executions/{execution_id}/pause."""
    return acting(f"{_path(execution_id)}/pause", Execution)


def resume(execution_id: str) -> Call[Execution]:
    """POST /executions/{execution_id}/resume."""
    return acting(f"{_path(execution_id)}/resume", Execution)


def cancel(execution_id: str) -> Call[Execution]:
    """POST /executions/{execution_id}/cancel."""
    return acting(f"{_path(execution_id)}/cancel", Execution)


def logs(
    execution_id: str,
    *,
    level: LogLevel | None = None,
    after: str | None = None,
    page: int = 1,
    page_size: int = 50,
) -> Call[PageData[ExecutionLog]]:
    """GET /executions/{execution_id}/logs."""
    path = f"{_path(execution_id)}/logs"
    return listing(path, ExecutionLog, page=page, page_size=page_size, sort=None, level=level, after=after)


def command(
    execution_id: str, command: str, *, arguments: Mapping[str, Any] | None = None
) -> Call[CommandResult]:
    """POST /executions/{execution_id}/commands."""
    told = given(command=command, arguments=arguments)
    return sending("POST", f"{_path(execution_id)}/commands", CommandCreate, told, CommandResult)


def workspace(execution_id: str) -> Call[Workspace]:
    """GET /executions/{execution_id}/workspace."""
    return reading(f"{_path(execution_id)}/workspace", Workspace)


def _path(execution_id: str) -> str:
    return f"/executions/{segment(execution_id=execution_id)}"
