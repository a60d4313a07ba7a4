"""The server put together: store, services, endpoints. Nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from mplp_mock_server._extra import MissingExtra

try:
    from starlette.applications import Starlette
except ModuleNotFoundError as missing:
    raise MissingExtra(missing) from missing

from mplp_mock_server.api import OPERATIONS, Endpoint, finish_accepted
from mplp_mock_server.clock import Clock, SystemClock
from mplp_mock_server.security import HostGuard, KeyGuard
from mplp_mock_server.services import Services
from mplp_mock_server.settings import ServerSettings
from mplp_mock_server.store import SQLiteStore

__all__ = ["assemble"]


def assemble(settings: ServerSettings, *, clock: Clock | None = None) -> Starlette:
    """The ASGI application for these settings. It owns its store, and closes it when it shuts down.

    Raises:
        StoreUnusable: the database cannot be opened.
    """
    clock = clock or SystemClock()
    store = SQLiteStore(settings.db)
    services = Services.on(store, clock, settings)
    guard = KeyGuard(settings.keys, services.auth.role_of)
    hosts = HostGuard(settings.host, authenticated=bool(settings.keys), allowed=settings.allowed_hosts)
    endpoint = Endpoint(OPERATIONS, services=services, hosts=hosts, guard=guard, clock=clock)
    app = Starlette(lifespan=lambda app: _owning(services))
    app.state.stopping = services.executions.engine.stop
    # Which operation it is, is for the endpoint's own table to say; a route for any path would miss those
    # with a line break.
    app.router.default = endpoint
    return app


@contextlib.asynccontextmanager
async def _owning(services: Services) -> AsyncIterator[None]:
    await services.roles.establish()
    await services.executions.engine.recover()
    yield
    await finish_accepted()
    await services.executions.engine.stop()
    await asyncio.to_thread(services.store.close)
