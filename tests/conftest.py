"""Fixtures that every area of the tests shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio: httpx and websockets users are there, and so is the server."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own MPLP_… settings must not reach the tests."""
    for name in ("MPLP_BASE_URL", "MPLP_API_KEY", "MPLP_HOME", "MPLP_PROJECT", "MPLP_TRACING"):
        monkeypatch.delenv(name, raising=False)
