"""The rules of the protocol: what may be created, how it may change, what adds up to what.

No HTTP here, and no SQL: services take plain values, raise `mplp_sdk.errors`, and work in transactions of the
`store`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from mplp_mock_server.clock import Clock
from mplp_mock_server.services._access import refusal
from mplp_mock_server.services._json_depth import check_depth
from mplp_mock_server.services._match import IfMatch, etag
from mplp_mock_server.services._shapes import optional_members
from mplp_mock_server.services._strict_json import parse
from mplp_mock_server.services._validation import (
    JsonObject,
    check_id,
    optional_text,
    read_input,
    required_text,
)
from mplp_mock_server.services.auth import Auth
from mplp_mock_server.services.confirmations import Confirmations
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.services.execution import Webhooks
from mplp_mock_server.services.executions import Executions
from mplp_mock_server.services.extensions import Extensions
from mplp_mock_server.services.ingest import LAST_FIRST, Ingest, Position
from mplp_mock_server.services.participants import Participants
from mplp_mock_server.services.plan_tasks import PlanTasks
from mplp_mock_server.services.planning import Planning
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.services.roles import Roles
from mplp_mock_server.services.schemas import Schemas
from mplp_mock_server.services.snapshots import Snapshots
from mplp_mock_server.services.states import States
from mplp_mock_server.services.streams import Streams
from mplp_mock_server.services.traces import Traces
from mplp_mock_server.settings import ServerSettings
from mplp_mock_server.store import Store

__all__ = [
    "LAST_FIRST",
    "IfMatch",
    "JsonObject",
    "Position",
    "Services",
    "check_depth",
    "check_id",
    "etag",
    "optional_members",
    "optional_text",
    "parse",
    "read_input",
    "refusal",
    "required_text",
]


@dataclass(frozen=True)
class Services:
    """All services of one server, on one store."""

    contexts: Contexts
    states: States
    snapshots: Snapshots
    participants: Participants
    plans: Plans
    plan_tasks: PlanTasks
    planning: Planning
    executions: Executions
    confirmations: Confirmations
    roles: Roles
    traces: Traces
    ingest: Ingest
    streams: Streams
    schemas: Schemas
    extensions: Extensions
    auth: Auth
    store: Store

    @classmethod
    def on(cls, store: Store, clock: Clock, settings: ServerSettings) -> Services:
        """The services that work on `store` and go by `clock`."""
        secret = settings.token_secret or secrets.token_hex()
        contexts, plans = Contexts(store, clock), Plans(store, clock)
        confirmations = Confirmations(store, clock)
        return cls(
            contexts=contexts,
            states=States(contexts),
            snapshots=Snapshots(contexts),
            participants=Participants(contexts),
            plans=plans,
            plan_tasks=PlanTasks(plans),
            planning=Planning(plans),
            executions=Executions(
                store,
                clock,
                plans=plans,
                contexts=contexts,
                confirmations=confirmations,
                webhooks=Webhooks(settings.webhook_hosts, allow_private=settings.webhook_allow_private),
                time_scale=settings.time_scale,
            ),
            confirmations=confirmations,
            roles=Roles(store, clock),
            traces=Traces(store),
            ingest=Ingest(store, clock),
            streams=Streams(store),
            schemas=Schemas(),
            extensions=Extensions(store, clock, contexts),
            auth=Auth(store, clock, settings.keys, secret),
            store=store,
        )
