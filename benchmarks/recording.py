"""What `Recorder.record` costs its caller, against writing the same record to a file by hand.

    python benchmarks/recording.py [--records 20000]

Baseline: `json.dumps` and an unbuffered `open(…, "ab").write`, which survives a killed process just as the
spool does, but is not redacted, bounded, numbered or checked. Both are measured in turns, in one process,
record by record.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mplp_sdk.recording import Recorder

ROUNDS = 5
SPAN: dict[str, Any] = {
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "span_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "trace_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "context_id": "550e8400-e29b-41d4-a716-446655440000",
    "agent_id": "6ba7b810-9dad-51d1-80b4-00c04fd430c8",
    "action": {
        "name": "ChatModel",
        "type": "invoke",
        "parameters": {
            "messages": [{"role": "user", "content": "Which of the documents says how to install it?"}]
        },
    },
    "timestamp": {"start": "2026-01-02T03:04:05.123456Z", "end": "2026-01-02T03:04:05.234567Z"},
    "result": {
        "status": "success",
        "output": {"content": "The README does, in its second section."},
        "metrics": {"input_tokens": 120, "output_tokens": 30},
    },
    "metadata": {"tags": {"agent": "assistant", "langgraph.node": "agent"}},
}


def measure(write: Callable[[dict[str, Any]], object], count: int) -> list[float]:
    """Seconds of each call."""
    times = []
    for _ in range(count):
        before = time.perf_counter()
        write(SPAN)
        times.append(time.perf_counter() - before)
    return times


def percentile(times: list[float], share: float) -> float:
    """Microseconds."""
    return sorted(times)[int(len(times) * share)] * 1e6


def alternate(writers: dict[str, Callable[[dict[str, Any]], object]], count: int) -> dict[str, list[float]]:
    """Both in turns, so that a slow moment of the machine hits both."""
    times: dict[str, list[float]] = {name: [] for name in writers}
    for _ in range(ROUNDS):
        for name, write in writers.items():
            times[name] += measure(write, count // ROUNDS)
    return times


@contextmanager
def busy_thread() -> Any:
    """A thread that computes and never waits, as hosts have them."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(n * n for n in range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def report(title: str, times: dict[str, list[float]]) -> None:
    print(title)
    for name, each in times.items():
        p50, p99, mean = percentile(each, 0.5), percentile(each, 0.99), sum(each) / len(each) * 1e6
        print(f"  {name:<28} p50 {p50:7.1f} µs   p99 {p99:7.1f} µs   mean {mean:7.1f} µs")
    ours, baseline = times.values()
    for share, label in ((0.5, "p50"), (0.99, "p99")):
        print(f"  ratio {label}: {percentile(ours, share) / percentile(baseline, share):.2f}")
    print(f"  ratio mean: {sum(ours) / sum(baseline):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=20_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "baseline", "ab", buffering=0) as file:
        recorder = Recorder(home=Path(folder) / "home")
        writers: dict[str, Callable[[dict[str, Any]], object]] = {
            "Recorder.record": lambda span: recorder.record("trace", span),
            "json.dumps + file.write": lambda span: file.write(json.dumps(span).encode() + b"\n"),
        }
        measure(writers["Recorder.record"], 100)
        print(f"{count} records of {len(json.dumps(SPAN))} bytes each")
        report("alone", alternate(writers, count))
        with busy_thread():
            report("beside a thread that computes", alternate(writers, count // 10))
        assert recorder.stats().dropped == {}
        recorder.close()


if __name__ == "__main__":
    main()
