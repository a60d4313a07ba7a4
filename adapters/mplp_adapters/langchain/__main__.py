"""`python -m mplp_adapters.langchain app.py …`: run a program, recorded, with no change to it.

`-m package.module` runs a module instead of a file.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mplp_adapters.langchain import instrument

_USAGE = "usage: python -m mplp_adapters.langchain [-m MODULE | FILE] [ARGUMENT…]"


def main(arguments: list[str]) -> None:
    """Run what `arguments` name, as Python itself would; only `sys.argv[0]` is the full path of a file."""
    run: Callable[..., object]
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        sys.argv = arguments[1:]
        run, target = partial(runpy.run_module, alter_sys=True), arguments[1]
    elif arguments and not arguments[0].startswith("-"):
        sys.argv = arguments
        if not sys.flags.safe_path:  # else there is none to replace
            sys.path[0] = str(Path(arguments[0]).resolve().parent)
        run, target = runpy.run_path, str(Path(arguments[0]).absolute())
    else:
        sys.exit(_USAGE)
    instrument()
    run(target, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
