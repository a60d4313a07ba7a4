"""`mplp export`: a recorded run as one JSON document, for other MPLP tools or to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mplp_sdk.cli import _options
from mplp_sdk.cli._json_output import write_json
from mplp_sdk.cli.run_view import RecordedRun, fetch_run
from mplp_sdk.client import Client
from mplp_sdk.protocol.dialects.frozen import export_run

__all__ = ["export"]

_FORMATS = ("canonical", "frozen")


@click.command(
    help="Write the run TRACE_ID with its context, plans and confirmations as one JSON document. What the "
    "format cannot keep is named on standard error."
)
@click.argument("trace_id")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="canonical", show_default=True)
@_options.output
@_options.base_url
@_options.api_key
def export(trace_id: str, form: str, output: Path | None, base_url: str | None, api_key: str | None) -> None:
    with Client(base_url=base_url, api_key=api_key) as client:
        run = fetch_run(client, [trace_id])
    document, lost = _frozen(run) if form == "frozen" else (_canonical(run), [])
    write_json(document, output)
    for path in lost:
        click.echo(f"lost: {path}", err=True)


def _canonical(run: RecordedRun) -> dict[str, Any]:
    return {
        "context": run.context.to_wire(),
        "plans": [plan.to_wire() for plan in run.plans],
        "confirmations": [confirmation.to_wire() for confirmation in run.confirmations],
        "spans": [span.to_wire() for span in run.spans],
    }


def _frozen(run: RecordedRun) -> tuple[Any, list[str]]:
    exported = export_run(**_canonical(run))
    return exported.object, exported.lost
