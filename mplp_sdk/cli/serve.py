"""`mplp serve`: the reference server in the foreground, with the options of `python -m mplp_mock_server`."""

from __future__ import annotations

import sys

import click

__all__ = ["serve"]


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    from mplp_mock_server.__main__ import main

    sys.exit(main(arguments, prog="mplp serve"))
