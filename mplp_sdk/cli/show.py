"""`mplp show`: one recorded run, read back from a server."""

from __future__ import annotations

import click
from rich.console import Console

from mplp_sdk.cli import _options
from mplp_sdk.cli.run_view import fetch_run, print_run
from mplp_sdk.client import Client

__all__ = ["show"]


@click.command(help="Show the run TRACE_ID: its tree, its plan against what ran, its approvals, its context.")
@click.argument("trace_id")
@_options.base_url
@_options.api_key
def show(trace_id: str, base_url: str | None, api_key: str | None) -> None:
    with Client(base_url=base_url, api_key=api_key) as client:
        print_run(Console(), fetch_run(client, [trace_id]))
