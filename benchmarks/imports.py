"""What an import costs, against an interpreter that imports nothing and against the heaviest dependency."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15
PROGRAMS = {
    "nothing (baseline)": "pass",
    "mplp_sdk": "import mplp_sdk",
    "pydantic": "import pydantic; pydantic.BaseModel",
    "httpx": "import httpx",
    "mplp_sdk.Client": "from mplp_sdk import Client",
    "mplp_sdk.Recorder": "from mplp_sdk import Recorder",
}


def main() -> None:
    """Print the median of each program, with the bare interpreter taken off. Rounds are interleaved."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(measured) for name, measured in seconds.items()}
    bare = medians["nothing (baseline)"]
    for name, median in medians.items():
        print(f"{name:20} {median * 1000:7.1f} ms, {(median - bare) * 1000:7.1f} ms added")


if __name__ == "__main__":
    main()
