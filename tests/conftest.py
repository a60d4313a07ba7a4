"""Fixtures that every area of the tests shares."""

import os

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code. In CI the examples are the same
# each time; elsewhere they go on searching.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio: httpx and websockets users are there, and so is the server."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own MPLP_… settings must not reach the tests."""
    for name in ("MPLP_BASE_URL", "MPLP_API_KEY", "MPLP_HOME", "MPLP_PROJECT", "MPLP_TRACING"):
        monkeypatch.delenv(name, raising=False)
