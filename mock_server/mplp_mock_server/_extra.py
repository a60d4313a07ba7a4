"""The extra that the server needs, and what is said where it is missing."""

from __future__ import annotations

__all__ = ["MissingExtra"]


class MissingExtra(ModuleNotFoundError):
    """A library of the extra `server` is not installed."""

    def __init__(self, missing: ModuleNotFoundError) -> None:
        super().__init__(
            f'the server needs {missing.name}, which is not installed: pip install "mplp-agent-sdk[server]"',
            name=missing.name,
        )
