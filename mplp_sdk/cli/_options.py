"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["api_key", "base_url", "home", "output"]

base_url = click.option(
    "--base-url", metavar="URL", help="MPLP server. Default: MPLP_BASE_URL.", default=None
)
api_key = click.option("--api-key", metavar="KEY", help="Default: MPLP_API_KEY.", default=None)
home = click.option(
    "--home",
    type=click.Path(file_okay=False),
    help="Folder of the spool. Default: MPLP_HOME, else .mplp in the working directory.",
    default=None,
)
output = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default: print."
)
