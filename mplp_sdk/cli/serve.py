"""`mplp serve`: the reference server in the foreground."""

from __future__ import annotations

import sys

import click

__all__ = ["serve"]


@click.command(help="Start the reference server, and stop it with Ctrl-C or SIGTERM.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8700, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@click.option("--db", default=":memory:", show_default=True, metavar="FILE", help="SQLite file.")
@click.option("--api-key", default=None, envvar="MPLP_SERVER_API_KEY", help="Ask this key of every client.")
def serve(host: str, port: int, db: str, api_key: str | None) -> None:
    try:
        from mplp_mock_server import ServerSettings, run
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f'{missing.name} is not installed: pip install "mplp-agent-sdk[server]"'
        ) from missing
    sys.exit(run(ServerSettings(host=host, port=port, db=db, api_key=api_key)))
