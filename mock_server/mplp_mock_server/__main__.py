"""`python -m mplp_mock_server`: the reference server in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from mplp_mock_server._run import run
from mplp_mock_server.settings import ServerSettings
from mplp_sdk.errors import ConfigError

_KEY = "MPLP_SERVER_API_KEY"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mplp_mock_server",
        description="The MPLP reference server, on a SQLite file or in memory.",
    )
    parser.add_argument("--host", default=ServerSettings.host, help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", default=ServerSettings.port, type=int, help="0 takes a free one (%(default)s)"
    )
    parser.add_argument("--db", default=ServerSettings.db, help="SQLite file, or :memory: (%(default)s)")
    parser.add_argument(
        "--api-key", default=os.environ.get(_KEY) or None, help=f"key that callers must show (${_KEY})"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 0 after that, 1 with one line on stderr if it cannot start."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = ServerSettings(**vars(chosen))
    except ConfigError as error:
        print(f"mplp server: {error}", file=sys.stderr)
        return 1
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
