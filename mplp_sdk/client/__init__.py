"""The REST client of an MPLP server: `Client`, and `AsyncClient` with the same methods to await.

    with Client(base_url="http://127.0.0.1:8700") as client:
        plan = client.plans.create(name="release", tasks=[{"name": "build"}, {"name": "test"}])
        for trace in client.traces.list(status="failure"):
            print(trace.name, trace.start)
        reply = client.send(calls.plans.get(plan.id))
        print(reply.status, reply.request_id, reply.parsed.name)

How it is built:

    operations   `_operations/`   pure: arguments in, a `Call` out
    flow         `_flow.py`       retries, deadlines, errors; a generator without I/O
                 `_waiting.py`    until an execution has ended
                 `_tokens.py`     keys traded for tokens
    drivers      `_drivers.py`    do what a flow asks for, through `_http.py`
    façade       `_async/`        one-line methods by hand; `_sync/` is generated from it
"""

from mplp_sdk.client import _operations as calls
from mplp_sdk.client._async import AsyncClient
from mplp_sdk.client._base import Options
from mplp_sdk.client._flow import Reply
from mplp_sdk.client._operations import Call
from mplp_sdk.client._operations.system import Health
from mplp_sdk.client._paging import AsyncPage, AsyncPages, Page
from mplp_sdk.client._sync import Client

__all__ = [
    "AsyncClient",
    "AsyncPage",
    "AsyncPages",
    "Call",
    "Client",
    "Health",
    "Options",
    "Page",
    "Reply",
    "calls",
]
