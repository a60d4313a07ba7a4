"""Makes `mplp_sdk/client/_sync/` from `mplp_sdk/client/_async/`, token by token.

    python scripts/generate_sync.py            write the files
    python scripts/generate_sync.py --check    exit 1 where a file differs, is missing or is left over

Names lose their `Async`, `async` and `await` go, and so does the space after them, and the linter's waivers
that are about them. A signature or call that fits on one line only without them needs a comma after its last
argument, so that both sides are well formatted.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tokenize
from pathlib import Path

CLIENT = Path(__file__).resolve().parent.parent / "mplp_sdk" / "client"

NAMES = {
    "AsyncHTTPClient": "HTTPClient",
    "AsyncPages": "Page",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "_async": "_sync",
    "aclose": "close",
    "drive_async": "drive",
}
DROPPED = {"async", "await"}
"""Keywords that go, with the space after them."""

WAIVER = "# noqa: ASYNC"
"""How comments begin that excuse something only asynchronous code is told off for."""

OWN_IMPORTS = re.compile(r"(^from mplp_sdk\S* import [^(\n]+\n)+", re.MULTILINE)

PROSE = {
    "The asynchronous client, written by hand": "The synchronous client, generated",
    "`_sync` is made from it by": "Edit `_async`, then run",
    "use it from many tasks": "use it from many threads",
}
"""What the docstrings say otherwise on the two sides."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    wanted = {path.name: generate(path.read_text("utf-8")) for path in (CLIENT / "_async").glob("*.py")}
    target = CLIENT / "_sync"
    there = {path.name: path.read_bytes() for path in target.glob("*.py")}
    wrong = sorted(n for n in wanted.keys() | there.keys() if wanted.get(n) != there.get(n))
    for name in wrong:
        print(f"{'differs' if check else 'written'}: {target / name}")
        if not check:
            _put(target / name, wanted.get(name))
    return 1 if check and wrong else 0


def generate(source: str) -> bytes:
    """The synchronous module for the text of an asynchronous one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = [*source.splitlines(keepends=True), ""]
    out: list[str] = []
    row, column = 1, 0
    swallow = False
    for token in tokens:
        waiver = token.type == tokenize.COMMENT and token.string.startswith(WAIVER)
        gap = _between(lines, (row, column), token.start)
        out.append("" if swallow or waiver else gap)
        swallow = token.type == tokenize.NAME and token.string in DROPPED
        out.append("" if swallow or waiver else _translate(token))
        row, column = token.end
    return OWN_IMPORTS.sub(_in_order, "".join(out)).encode()


def _in_order(imports: re.Match[str]) -> str:
    """Imports of our own, sorted again: `_sync` stands elsewhere in the alphabet than `_async`."""
    return "".join(sorted(imports[0].splitlines(keepends=True)))


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """What stands between two tokens: spaces and line continuations."""
    (row, column), (end_row, end_column) = start, end
    if row == end_row:
        return lines[row - 1][column:end_column]
    return lines[row - 1][column:] + "".join(lines[row : end_row - 1]) + lines[end_row - 1][:end_column]


def _translate(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return _name(token.string)
    if token.type == tokenize.STRING:
        return _text(token.string)
    return token.string


def _name(name: str) -> str:
    return NAMES.get(name) or re.sub(r"^Async(?=[A-Z])", "", name)


def _text(text: str) -> str:
    """A docstring or other string: prose that differs, then the code in it."""
    for old, new in PROSE.items():
        text = text.replace(old, new)
    text = re.sub(r"\b(async|await) (?=\w)", "", text)
    return re.sub(r"\w+", lambda word: _name(word[0]), text)


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
