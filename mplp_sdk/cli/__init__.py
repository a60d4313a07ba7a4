"""The `mplp` command. Each subcommand is a module of its own, imported when it is called."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; says which extra is missing where it cannot."""
    try:
        from mplp_sdk.cli._app import app
    except ModuleNotFoundError as missing:
        if missing.name not in {"click", "rich"}:
            raise
        sys.exit('The mplp command needs its extra: pip install "mplp-agent-sdk[cli]"')
    app()
