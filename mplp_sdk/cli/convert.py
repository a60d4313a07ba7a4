"""`mplp convert`: one object in another spelling of the protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import click

from mplp_sdk.cli import _options
from mplp_sdk.cli._json_output import write_json
from mplp_sdk.protocol.dialects import DIALECTS, KINDS
from mplp_sdk.protocol.dialects import convert as convert_object

__all__ = ["convert"]

_dialect = click.Choice(DIALECTS)


@click.command(
    help="Write the object in FILE (- for standard input) in another spelling of the protocol. What the new "
    "spelling cannot keep is named on standard error."
)
@click.argument("file", type=click.File("rb"))
@click.option("--to", required=True, type=_dialect, help="The spelling to write.")
@click.option("--from", "source", type=_dialect, help="The spelling of FILE. Default: recognised.")
@click.option("--kind", type=click.Choice(KINDS), help="What FILE holds. Default: recognised.")
@_options.output
def convert(file: IO[bytes], to: str, source: str | None, kind: str | None, output: Path | None) -> None:
    converted = convert_object(_read(file), to=to, source=source, kind=kind)
    write_json(converted.object, output)
    for path in converted.lost:
        click.echo(f"lost: {path}", err=True)


def _read(file: IO[bytes]) -> Any:
    try:
        return json.loads(file.read(), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"it is not JSON: {error}", param_hint="FILE") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
