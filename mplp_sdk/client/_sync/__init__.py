"""The synchronous client, generated. Edit `_sync`, then run `scripts/generate_sync.py`."""

from mplp_sdk.client._sync._client import Client

__all__ = ["Client"]
