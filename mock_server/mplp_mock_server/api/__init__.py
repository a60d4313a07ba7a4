"""HTTP in, a service called, HTTP out: one module a resource.

Each module lists its operations; routes and `/openapi.json` are made from these lists.
"""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api import confirmations, contexts, ingest, plans, system, traces
from mplp_mock_server.api._endpoint import Endpoint
from mplp_mock_server.api._operations import BASE_PATHS, Operation

__all__ = ["BASE_PATHS", "OPERATIONS", "Endpoint", "Operation"]

OPERATIONS: Final[tuple[Operation, ...]] = (
    *contexts.OPERATIONS,
    *plans.OPERATIONS,
    *confirmations.OPERATIONS,
    *traces.OPERATIONS,
    *ingest.OPERATIONS,
    *system.OPERATIONS,
)
"""Every endpoint of the server."""
