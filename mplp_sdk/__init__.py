"""The flight recorder for AI agents: an SDK for the Multi-Agent Project Lifecycle Protocol (MPLP).

Record a LangChain or LangGraph run with two lines:

    from mplp_adapters.langchain import MPLPCallbackHandler

    agent.invoke(question, config={"callbacks": [MPLPCallbackHandler()]})

Talk to an MPLP server:

    from mplp_sdk import Client

    with Client(base_url="http://127.0.0.1:8700") as client:
        for trace in client.traces.list():
            print(trace.name, trace.status)

Record anything else:

    from mplp_sdk import Recorder

    recorder = Recorder()
    with recorder.start_run("nightly report") as run, run.start_span("load") as span:
        span.end(output={"rows": 12})
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mplp_sdk.client import AsyncClient, Client
    from mplp_sdk.config import Settings
    from mplp_sdk.errors import MPLPError, ProtocolError
    from mplp_sdk.protocol.dialects import convert, parse
    from mplp_sdk.protocol.validation import validate
    from mplp_sdk.recording import Recorder, get_recorder

__all__ = [
    "AsyncClient",
    "Client",
    "MPLPError",
    "ProtocolError",
    "Recorder",
    "Settings",
    "__version__",
    "convert",
    "get_recorder",
    "parse",
    "validate",
]

__version__ = "0.1.0"

# An agent's program pays for what it uses: the HTTP client and the recorder load when first named.
_HOMES = {
    "AsyncClient": "mplp_sdk.client",
    "Client": "mplp_sdk.client",
    "MPLPError": "mplp_sdk.errors",
    "ProtocolError": "mplp_sdk.errors",
    "Recorder": "mplp_sdk.recording",
    "Settings": "mplp_sdk.config",
    "convert": "mplp_sdk.protocol.dialects",
    "get_recorder": "mplp_sdk.recording",
    "parse": "mplp_sdk.protocol.dialects",
    "validate": "mplp_sdk.protocol.validation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
