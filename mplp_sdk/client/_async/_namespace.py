"""What the namespaces `client.contexts`, `client.plans`, … have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplp_sdk.client._async._client import AsyncClient

__all__ = ["AsyncNamespace"]


class AsyncNamespace:
    """The calls of one resource."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
