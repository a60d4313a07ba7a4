"""`mplp spool`: what waits on disk, and bringing it to a server."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from mplp_sdk.cli import _options
from mplp_sdk.cli._text import plain
from mplp_sdk.client import Client
from mplp_sdk.config import Settings
from mplp_sdk.recording import drain as deliver
from mplp_sdk.recording.spool import spool_status

__all__ = ["spool"]


@click.group(help="See and send what waits on disk.")
def spool() -> None:
    """Group of the commands below."""


@spool.command(help="Say what waits in the spool.")
@_options.home
def status(home: str | None) -> None:
    streams = spool_status(_home(home))
    table = Table("stream", "state", "settled", "waiting", "bytes", box=None)
    for stream in streams:
        table.add_row(
            plain(stream.id),
            plain("in use" if stream.in_use else "left behind"),
            plain(str(stream.settled)),
            plain(str(stream.waiting)),
            plain(f"{stream.size:,}"),
        )
    Console().print(table if streams else plain("The spool is empty."))


@spool.command(help="Deliver what processes that are gone have left.")
@_options.home
@_options.base_url
@_options.api_key
def drain(home: str | None, base_url: str | None, api_key: str | None) -> None:
    with Client(base_url=base_url, api_key=api_key) as client:
        report = deliver(_home(home), client)
    click.echo(f"{report.delivered} records delivered from {report.streams} streams")
    if report.refused:
        click.echo(f"{report.refused} refused for good: see the dead-letter folder", err=True)
    if report.in_use:
        click.echo(f"{report.in_use} streams are in use by running processes", err=True)


def _home(home: str | None) -> Path:
    return Settings.load(home=home).home
