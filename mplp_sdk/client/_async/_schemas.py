"""`client.schemas`."""

from __future__ import annotations

import builtins
from typing import Any

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import schemas
from mplp_sdk.models import SchemaInfo, ValidationReport

__all__ = ["AsyncSchemas"]


class AsyncSchemas(AsyncNamespace):
    """JSON Schemas of the protocol's objects, as the server has them."""

    async def list(self) -> builtins.list[SchemaInfo]:
        """Read which JSON Schemas there are.

        Spec: protocol §2.1; GET /schemas.
        """
        return await self._client.execute(schemas.list())

    async def get(self, module: str) -> dict[str, Any]:
        """Read one JSON Schema.

        Args:
            module: `context`, `plan`, `confirmation`, `trace`, `role`, `extension` or `execution`.

        Raises:
            NotFound: there is no such kind of object.

        Spec: protocol §2.1; GET /schemas/{module}.
        """
        return await self._client.execute(schemas.get(module))

    async def validate(self, module: str, value: Any) -> ValidationReport:
        """Ask what is wrong with an object. One that is not valid raises nothing.

        `mplp_sdk.validate` asks the same without a server.

        Args:
            module: kind of object, as for `get`.
            value: JSON data.

        Raises:
            NotFound: there is no such kind of object.

        Spec: protocol §2.1, §4; POST /schemas/{module}/validate.
        """
        return await self._client.execute(schemas.validate(module, value))
