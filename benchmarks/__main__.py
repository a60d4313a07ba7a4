"""`python -m benchmarks [NAME …]`: run the benchmarks, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run them all; exit code 1 when one of them failed or missed its goal."""
    known = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    chosen = sys.argv[1:] or known
    if unknown := set(chosen) - set(known):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [name for name in chosen if not succeeds(name)]
    if failed:
        print(f"failed, or missed a goal: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def succeeds(name: str) -> bool:
    """Run one benchmark, which prints what it measures."""
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
