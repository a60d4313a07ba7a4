"""`mplp runs`: the runs that a server has, newest first."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from mplp_sdk.cli import _options
from mplp_sdk.cli._text import duration, plain
from mplp_sdk.client import Client
from mplp_sdk.models import TraceSummary

__all__ = ["runs"]


@click.command(help="List the runs that a server has, newest first.")
@_options.base_url
@_options.api_key
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def runs(base_url: str | None, api_key: str | None, limit: int) -> None:
    with Client(base_url=base_url, api_key=api_key) as client:
        page = client.traces.list(page_size=limit)
        Console().print(_table(page.items))


def _table(rows: list[TraceSummary]) -> Table:
    table = Table("trace", "name", "status", "started", "took", "spans", "errors", "tokens", box=None)
    for row in rows:
        table.add_row(
            plain(row.trace_id),
            plain(row.name or "–"),
            plain(row.status),
            plain(f"{row.start:%Y-%m-%d %H:%M:%S}"),
            plain(duration(row.start, row.end)),
            plain(str(row.span_count)),
            plain(str(row.error_count)),
            plain("–" if row.total_tokens is None else str(row.total_tokens)),
        )
    return table
