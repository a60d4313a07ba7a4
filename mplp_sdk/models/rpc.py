"""The one-endpoint form of the API: an action of a module. Spec: protocol §2.1 `/rpc`; RFC §4.1.2."""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, WHOLE, JsonObject, MPLPModel, Version

__all__ = ["RpcAccepted", "RpcOptions", "RpcRequest", "RpcResult"]

# Not a class, since `async` cannot be the name of an attribute.
RpcOptions = TypedDict(
    "RpcOptions",
    {
        "timeout": Annotated[int, Field(gt=0, le=600_000, description="Milliseconds."), WHOLE],
        "retry": Annotated[int, Field(ge=0, le=10, description="How often the server may try again."), WHOLE],
        "async": Annotated[bool, Field(description="Answer at once, before the action has ended.")],
    },
    total=False,
)
"""How an action is to be carried out."""
with_config(CLOSED)(RpcOptions)


class RpcResult(MPLPModel):
    """What an action answered."""

    result: Any
    """What the action's own endpoint would have answered as `data`."""


class RpcAccepted(MPLPModel):
    """An action that goes on after the answer."""

    request_id: str
    status: str
    """`accepted`."""


@with_config(CLOSED)
class RpcRequest(TypedDict, total=False):
    """An action to carry out."""

    module: Required[Annotated[str, Field(min_length=1)]]
    """`context`, `plan`, `confirm`, `trace`, `role`, `extension` or `execute`; plurals are the same."""
    action: Required[Annotated[str, Field(min_length=1)]]
    """Name of the operation, such as `create`."""
    version: Annotated[Version, WithJsonSchema({"type": "string", "pattern": r"^1\.[0-9]+(\.[0-9]+)?$"})]
    """Of the module's interface. Default: 1.0.0."""
    parameters: JsonObject
    """Those of the operation's path, query and body together."""
    options: RpcOptions
