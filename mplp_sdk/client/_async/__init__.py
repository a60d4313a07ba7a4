"""The asynchronous client, written by hand. `_sync` is made from it by `scripts/generate_sync.py`."""

from mplp_sdk.client._async._client import AsyncClient

__all__ = ["AsyncClient"]
