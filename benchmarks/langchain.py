"""What recording adds to the cost of a LangChain program, against a handler that does nothing.

    python -m benchmarks.langchain [--runs 1000]

A chain of three steps gives eight events a run: its own start and end, and those of its steps. All three ways
run in short turns in one process, so that a slow moment of the machine hits all of them, and the quietest of
each counts. CPU time of the whole process: the thread that writes to the disk is included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda

from mplp_adapters.langchain import MPLPCallbackHandler
from mplp_sdk.recording import Recorder

STEPS = 3
EVENTS = 2 * (STEPS + 1)
ROUNDS = 40
QUESTION: dict[str, Any] = {"question": "Which of the documents says how to install it?", "limit": 5}


class Nothing(BaseCallbackHandler):
    """Listens to everything, and does nothing."""

    run_inline = True


def chain() -> Any:
    """Three steps that hand on what they get."""
    first, *rest = (RunnableLambda(lambda value: value, name=f"step {n}") for n in range(STEPS))
    for step in rest:
        first = first | step
    return first


def cpu_seconds(program: Any, settings: Any, runs: int) -> float:
    """CPU time of so many runs."""
    before = time.process_time()
    for _ in range(runs):
        program.invoke(QUESTION, settings)
    return time.process_time() - before


def measure(ways: dict[str, Any], runs: int) -> dict[str, float]:
    """Microseconds of CPU of one run in each way."""
    program = chain()
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for settings in ways.values():
        cpu_seconds(program, settings, 50)
    for _ in range(ROUNDS):
        for name, settings in ways.items():
            rounds[name].append(cpu_seconds(program, settings, runs // ROUNDS))
    return {name: min(times) / (runs // ROUNDS) * 1e6 for name, times in rounds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(home=Path(folder))
        ways: dict[str, Any] = {
            "bare": {},
            "a handler that does nothing": {"callbacks": [Nothing()]},
            "MPLPCallbackHandler": {"callbacks": [MPLPCallbackHandler(recorder=recorder)]},
        }
        costs = measure(ways, runs)
        assert recorder.stats().dropped == {}
        recorder.close()
    bare, _, ours = costs.values()
    print(f"a chain of {STEPS} steps, {runs} runs, {EVENTS} events each")
    for name, cost in costs.items():
        print(f"  {name:<28} {cost:7.1f} µs a run   ratio to bare {cost / bare:5.2f}")
    print(f"  added by recording: {(ours - bare) / EVENTS:.1f} µs of CPU an event")


if __name__ == "__main__":
    main()
