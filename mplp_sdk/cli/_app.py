"""The group of commands, and how an error of the package reaches a person."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from mplp_sdk import __version__
from mplp_sdk.errors import MPLPError

__all__ = ["app"]

_COMMANDS: Final = {
    "convert": "Write an object in another spelling of the protocol",
    "export": "Write one run as a JSON document",
    "runs": "List the runs that a server has",
    "serve": "Start the reference server",
    "show": "Show one run: its tree, its plan, its approvals, its context",
    "spool": "See and send what waits on disk",
    "validate": "Hold files with objects to the protocol",
}
"""Name of each command, which is also its module's, and its line of help."""


class _LazyGroup(click.Group):
    """Imports a command's module only when that command runs, so that `mplp --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"mplp_sdk.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - tells the type checker what the module holds
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MPLPError as error:
            raise click.ClickException(str(error)) from error


app = _LazyGroup(name="mplp", help="The flight recorder for AI agents.")
app = click.version_option(__version__, prog_name="mplp")(app)
