"""`make demo`: record an agent against the reference server, then read the run back and show it.

The agent (see `document_agent.py`) researches in `docs/`, calculates, and asks for approval before it writes
a file. Nothing here needs a model key or a network.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from document_agent import QUESTION, ask, build_agent
from langgraph.types import Command
from rich.console import Console

from mplp_adapters.langchain import MPLPCallbackHandler
from mplp_mock_server import MockServer
from mplp_sdk import Client, Recorder
from mplp_sdk.cli.run_view import fetch_run, print_run

HOME = Path(".mplp")
DATABASE = HOME / "demo.sqlite"


def run_agent(recorder: Recorder) -> None:
    """Ask the question; when the agent wants to write a file, a named reviewer approves."""
    agent = build_agent()
    handler = MPLPCallbackHandler(recorder=recorder, graph=agent)
    config = {"callbacks": [handler], "configurable": {"thread_id": f"demo-{uuid.uuid4()}"}}
    agent.invoke(ask(QUESTION), config)
    approval = {
        "decision": "approved",
        "approver": "Dana Fischer",
        "reason": "the figures match the documents",
    }
    agent.invoke(Command(resume=approval), config)


def show(console: Console, url: str) -> None:
    """Read back what the newest run left on the server, and print it."""
    with Client(base_url=url) as client:
        newest = client.traces.list(page_size=1).items[0]
        traces = [row.trace_id for row in client.traces.list(context_id=newest.context_id)]
        print_run(console, fetch_run(client, traces))
        console.print(
            f"\nThe same over HTTP: {url}/v1.0/traces/{newest.trace_id}", markup=False, soft_wrap=True
        )


def main() -> None:
    console = Console()
    HOME.mkdir(exist_ok=True)
    with MockServer(db=str(DATABASE), subprocess=True) as server:
        recorder = Recorder(base_url=server.url, home=HOME)
        run_agent(recorder)
        if not recorder.flush(timeout=30):
            sys.exit(f"not everything was delivered: {recorder.stats()}")
        recorder.close()
        show(console, server.url)
        if sys.stdin.isatty():
            console.input("The server runs until you press Enter. ")
    console.print(f"To serve it again: mplp serve --db {DATABASE}", markup=False)


if __name__ == "__main__":
    main()
