"""Record LangChain and LangGraph runs.

    from mplp_adapters.langchain import MPLPCallbackHandler, instrument

    instrument()                                                          # everything in this process, or
    agent.invoke(question, config={"callbacks": [MPLPCallbackHandler()]})  # one run

With `MPLP_TRACING=1`, importing this package does what `instrument()` does; and

    MPLP_TRACING=1 python -m mplp_adapters.langchain app.py

runs a program that imports nothing of ours.

Runs with one `thread_id` (or `session_id`, `conversation_id`) share a Context. A graph's Plan is written
before the graph runs: `instrument()` finds the graph by itself, a handler is shown it by
`MPLPCallbackHandler(graph=agent)`; otherwise the Plan is filled in as nodes run. An interrupt is a pending
Confirmation and the resume value its decision; who decided is read from that value, or from the metadata:

    agent.invoke(Command(resume={"decision": "approved", "approver": "Dana", "reason": "fine"}), config)
    agent.invoke(Command(resume=True), {**config, "metadata": {"mplp.reviewer": "Dana"}})

Spec: recording §2.
"""

from __future__ import annotations

try:
    import langchain_core  # noqa: F401
    import langgraph.errors  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"mplp_adapters.langchain needs langchain-core and langgraph ({error}); "
        'install them with: pip install "mplp-agent-sdk[langchain]"'
    ) from error

from mplp_adapters.langchain._handler import MPLPCallbackHandler
from mplp_adapters.langchain._instrument import instrument, uninstrument
from mplp_sdk.config import Settings

__all__ = ["MPLPCallbackHandler", "instrument", "uninstrument"]

if Settings.load().tracing:
    instrument()
