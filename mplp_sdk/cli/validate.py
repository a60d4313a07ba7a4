"""`mplp validate`: files with objects, held to the protocol.

A file is one object, an array of them, or one a line. Ingest records, `{"kind": …, "object": …}`, are opened.
All objects of all files are related: a plan is judged with its context when that is among them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from mplp_sdk.cli._text import plain, shorten
from mplp_sdk.protocol.dialects import DIALECTS
from mplp_sdk.protocol.schemas import MODULES
from mplp_sdk.protocol.validation import Finding, Related, ValidationResult
from mplp_sdk.protocol.validation import validate as check

__all__ = ["validate"]

_INVALID: Final = 1
_UNREADABLE: Final = 2
_STDIN: Final = "-"
_STYLE: Final = {"error": "red", "warning": "yellow"}


@dataclass(frozen=True)
class _Item:
    """One object of a file, or why there is none."""

    place: str
    """`plan.json`, `plans.json[2]` or `run.ndjson:7`."""
    data: Any = None
    kind: str | None = None
    """What the ingest record around it says."""
    trouble: str | None = None
    """Why it cannot be read; None: `data` is the object."""


@click.command(
    help="Hold the objects in FILE… to the protocol. A file holds one object, an array of objects, or one a "
    "line; - is standard input. Exit code: 0 all are valid, 1 one is not, 2 a file cannot be read."
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option(
    "--kind", type=click.Choice([*MODULES]), help="What the objects are. Default: by their members."
)
@click.option("--dialect", type=click.Choice(DIALECTS), help="How they are spelt. Default: by their members.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def validate(files: Sequence[str], kind: str | None, dialect: str | None, as_json: bool) -> None:
    items = [item for name in files for item in _items(name)]
    related = Related(item.data for item in items if isinstance(item.data, dict))
    judged = [
        (item, None)
        if item.trouble is not None
        else (item, check(item.data, kind=kind or item.kind, dialect=dialect, related=related))
        for item in items
    ]
    if as_json:
        click.echo(json.dumps([_wire(*each) for each in judged], indent=2))
    else:
        _print(Console(), judged)
    sys.exit(_exit_code(judged))


def _exit_code(judged: Iterable[tuple[_Item, ValidationResult | None]]) -> int:
    results = [result for _, result in judged]
    if None in results:
        return _UNREADABLE
    return 0 if all(result is not None and result.valid for result in results) else _INVALID


# --- Reading ------------------------------------------------------------------------------------------


def _items(name: str) -> Iterator[_Item]:
    shown = "standard input" if name == _STDIN else name
    try:
        raw = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        yield _Item(shown, trouble=error.strerror or str(error))
        return
    except UnicodeDecodeError:
        yield _Item(shown, trouble="this is no UTF-8 text")
        return
    yield from _whole(shown, text)


def _whole(name: str, text: str) -> Iterator[_Item]:
    data, trouble = _load(text)
    if trouble is not None:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        # One line alone that is no JSON is a broken object, not a file of lines.
        yield from (
            _lines(name, lines)
            if len(lines) > 1 and _starts_an_object(lines)
            else [_Item(name, trouble=trouble)]
        )
    elif isinstance(data, list):
        yield from (_item(f"{name}[{number}]", item) for number, item in enumerate(data))
    else:
        yield _item(name, data)


def _starts_an_object(lines: Sequence[tuple[int, str]]) -> bool:
    """Whether the first line is JSON by itself; else the file is one object that is broken somewhere."""
    return _load(lines[0][1])[1] is None


def _lines(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[_Item]:
    for number, line in lines:
        data, trouble = _load(line)
        place = f"{name}:{number}"
        yield _Item(place, trouble=trouble) if trouble is not None else _item(place, data)


def _load(text: str) -> tuple[Any, str | None]:
    try:
        return json.loads(text), None
    except RecursionError:
        return None, "the JSON is nested too deep to be read"
    except ValueError as error:
        return None, f"this is no JSON: {error}"


def _item(place: str, data: Any) -> _Item:
    if isinstance(data, dict) and data.keys() == {"kind", "object"} and data["kind"] in [*MODULES]:
        return _Item(place, data["object"], data["kind"])
    return _Item(place, data)


# --- Printing -----------------------------------------------------------------------------------------


def _wire(item: _Item, result: ValidationResult | None) -> dict[str, Any]:
    return {"file": item.place} | (
        {"unreadable": item.trouble} if result is None else {"result": result.to_wire()}
    )


def _print(console: Console, judged: Sequence[tuple[_Item, ValidationResult | None]]) -> None:
    for item, result in judged:
        console.print(_verdict(item, result), soft_wrap=True)
        for finding in (*result.errors, *result.warnings) if result else ():
            for line in _explain(finding):
                console.print(line, soft_wrap=True)
    if len(judged) > 1:
        console.print(plain(_summary(judged), style="bold"), soft_wrap=True)


def _verdict(item: _Item, result: ValidationResult | None) -> Text:
    line = plain(f"{item.place}: ", style="bold")
    if result is None:
        return line.append_text(plain(f"unreadable, {item.trouble}", style="red"))
    counts = [_count(result.errors, "error"), _count(result.warnings, "warning")]
    word, style = ("valid", "green") if result.valid else ("invalid", "red")
    return line.append_text(plain(", ".join(filter(None, [word, *counts])), style=style))


def _count(findings: Sequence[Finding], what: str) -> str:
    return f"{len(findings)} {what}{'s' if len(findings) > 1 else ''}" if findings else ""


def _explain(finding: Finding) -> Iterator[Text]:
    head = plain(f"  {finding.code} ", style=_STYLE[finding.level])
    head.append_text(plain(finding.path, style="bold"))
    yield head.append_text(plain(f"  {finding.rule}", style="dim"))
    message = plain(f"      {_one_line(finding.message)}")
    if finding.value is not None:
        message.append_text(plain(f" Found: {shorten(finding.value)}", style="dim"))
    yield message
    yield plain(f"      {_one_line(finding.suggestion)}", style="cyan")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _summary(judged: Sequence[tuple[_Item, ValidationResult | None]]) -> str:
    valid = sum(result is not None and result.valid for _, result in judged)
    return f"{valid} of {len(judged)} objects are valid."
