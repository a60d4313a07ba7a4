"""Check the public names: each exists, each is spelt right, and none came or went unnoticed.

python scripts/check_names.py            compare with scripts/public_names.txt, and check the spelling
python scripts/check_names.py --write    write that file anew, after a change that was meant
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
PINNED = ROOT / "scripts" / "public_names.txt"
PACKAGES = ("mplp_sdk", "mplp_adapters", "mplp_mock_server")
PROSE = (
    "mplp_sdk",
    "adapters",
    "mock_server",
    "tests",
    "examples",
    "docs",
    "scripts",
    "benchmarks",
    "README.md",
)


def main() -> int:
    """Exit code: 0 when nothing is wrong."""
    names = sorted(set(public_names()))
    if "--write" in sys.argv[1:]:
        PINNED.write_text("".join(f"{name}\n" for name in names))
    problems = [*changes(names), *misspelt_names(names), *misspelt_prose()]
    print("\n".join(problems) or f"{len(names)} public names")
    return 1 if problems else 0


def public_names() -> Iterator[str]:
    """`module.name` of everything that a public module exports in `__all__`."""
    for module in public_modules():
        for name in getattr(module, "__all__", ()):
            getattr(module, name)
            yield f"{module.__name__}.{name}"


def public_modules() -> Iterator[ModuleType]:
    """The packages and the modules below them, without those whose name begins with an underscore."""
    for package_name in PACKAGES:
        package = importlib.import_module(package_name)
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{package_name}."):
            if not any(part.startswith("_") for part in info.name.split(".")):
                yield importlib.import_module(info.name)


def changes(names: list[str]) -> list[str]:
    """Names that came or went since the list was written."""
    pinned = set(PINNED.read_text().split()) if PINNED.exists() else set()
    came = [f"new public name {name}: meant? then --write" for name in names if name not in pinned]
    went = [f"public name {name} is gone: somebody's import breaks" for name in sorted(pinned - set(names))]
    return came + went


def misspelt_names(names: list[str]) -> list[str]:
    """Names with a word that codespell knows as a misspelling."""
    words = "\n".join(" ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)).lower() for name in names)
    return spelling(["-"], words)


def misspelt_prose() -> list[str]:
    """Misspelt words in code, comments and documents."""
    return spelling([name for name in PROSE if (ROOT / name).exists()], None)


def spelling(paths: list[str], text: str | None) -> list[str]:
    """What codespell says of `paths`, or of `text`."""
    command = [sys.executable, "-m", "codespell_lib", *paths]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)  # noqa: S603
    return [line for line in done.stdout.splitlines() if "==>" in line]


if __name__ == "__main__":
    sys.exit(main())
