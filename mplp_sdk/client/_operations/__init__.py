"""The endpoints as pure functions: arguments in, a `Call` out. One module a resource; nothing is sent here.

Both clients are thin methods over these. They are public as `mplp_sdk.client.calls`, for those who want the
whole reply: `client.send(calls.plans.get(plan_id))`.
"""

from mplp_sdk.client._operations import (
    auth,
    confirmations,
    contexts,
    executions,
    extensions,
    plans,
    roles,
    schemas,
    system,
    traces,
)
from mplp_sdk.client._operations._call import Call, PageData

__all__ = [
    "Call",
    "PageData",
    "auth",
    "confirmations",
    "contexts",
    "executions",
    "extensions",
    "plans",
    "roles",
    "schemas",
    "system",
    "traces",
]
