"""The JSON Schemas of the protocol's objects, and validation against them and all other rules.

Spec: protocol §2.1, §4.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mplp_mock_server.services._objects import encode
from mplp_sdk.errors import NotFound
from mplp_sdk.protocol.schemas import MODULES, schema
from mplp_sdk.protocol.validation import validate

__all__ = ["Schemas"]


class Schemas:
    """What this server knows about the form of objects."""

    def list(self) -> bytes:
        """All schemas: `mplp_sdk.models.SchemaList`."""
        found = {module: schema(module) for module in MODULES}
        return encode(
            {
                "schemas": [
                    {"module": module, "id": one["$id"], "title": one["title"]}
                    for module, one in found.items()
                ]
            }
        )

    def get(self, module: str) -> bytes:
        """One JSON Schema.

        Raises:
            NotFound: there is no such kind of object.
        """
        _check_module(module)
        return encode(schema(module))

    async def validate(self, module: str, data: Any) -> bytes:
        """What is to be said about `data` as an object of this kind: `mplp_sdk.models.ValidationReport`.

        Raises:
            NotFound: there is no such kind of object.
        """
        _check_module(module)
        # In a thread, or a large object would hold up every other request.
        result = await asyncio.to_thread(validate, data, kind=module)
        return encode(result.to_wire())


def _check_module(module: str) -> None:
    if module not in MODULES:
        known = ", ".join(MODULES)
        reason = f"should be one of {known}"
        raise NotFound(f"there is no schema {module!r}", details={"field": "module", "reason": reason})
