"""HTTP in, a service called, HTTP out: one module a resource.

Each module lists its operations; routes and `/openapi.json` are made from these lists.
"""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api import (
    auth,
    confirmations,
    contexts,
    executions,
    extensions,
    ingest,
    participants,
    plan_tasks,
    planning,
    plans,
    roles,
    rpc,
    schemas,
    snapshots,
    states,
    system,
    traces,
)
from mplp_mock_server.api._endpoint import Endpoint
from mplp_mock_server.api._operations import BASE_PATHS, Operation
from mplp_mock_server.api.rpc import finish_accepted

__all__ = ["BASE_PATHS", "OPERATIONS", "Endpoint", "Operation", "finish_accepted"]

OPERATIONS: Final[tuple[Operation, ...]] = (
    *contexts.OPERATIONS,
    *states.OPERATIONS,
    *snapshots.OPERATIONS,
    *participants.OPERATIONS,
    *plans.OPERATIONS,
    *plan_tasks.OPERATIONS,
    *planning.OPERATIONS,
    *executions.OPERATIONS,
    *confirmations.OPERATIONS,
    *roles.OPERATIONS,
    *extensions.OPERATIONS,
    *traces.OPERATIONS,
    *ingest.OPERATIONS,
    *schemas.OPERATIONS,
    *auth.OPERATIONS,
    *rpc.OPERATIONS,
    *system.OPERATIONS,
)
"""Every endpoint of the server."""
