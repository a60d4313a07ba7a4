"""Carrying plans out.

    _gate        may this plan be executed now, and by which handlers
    _workflow    how it asks to be carried out
    _scheduler   which task may start next; knows nothing but the graph
    _run         one execution while it runs: calls handlers, obeys commands
    _journal     what is stored of it, as it happens
    _engine      all executions that run, and their end with the server
    _webhook     telling somebody of the end

Used by `services.executions`. Spec: protocol §2.1 plans and executions.
"""

from mplp_mock_server.services.execution._engine import Engine
from mplp_mock_server.services.execution._gate import Admitted, Gate
from mplp_mock_server.services.execution._journal import (
    CHECKPOINT,
    LOG,
    WORKSPACE,
    Collections,
    Journal,
    all_parts,
)
from mplp_mock_server.services.execution._run import Over, Run
from mplp_mock_server.services.execution._simulated import simulated
from mplp_mock_server.services.execution._webhook import Webhooks

__all__ = [
    "CHECKPOINT",
    "LOG",
    "WORKSPACE",
    "Admitted",
    "Collections",
    "Engine",
    "Gate",
    "Journal",
    "Over",
    "Run",
    "Webhooks",
    "all_parts",
    "simulated",
]
