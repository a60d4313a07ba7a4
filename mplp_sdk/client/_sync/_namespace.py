"""What the namespaces `client.contexts`, `client.plans`, … have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplp_sdk.client._sync._client import Client

__all__ = ["Namespace"]


class Namespace:
    """The calls of one resource."""

    def __init__(self, client: Client) -> None:
        self._client = client
