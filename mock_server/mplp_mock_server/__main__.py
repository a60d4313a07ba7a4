"""`python -m mplp_mock_server`: the reference server in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from mplp_mock_server._run import run
from mplp_mock_server.settings import ServerSettings
from mplp_sdk.errors import ConfigError

_KEY = "MPLP_SERVER_API_KEY"
_ROLE_KEYS = "MPLP_SERVER_ROLE_KEYS"
_SECRET = "MPLP_SERVER_TOKEN_SECRET"  # noqa: S105 -- the variable, not what is in it


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
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
    parser.add_argument(
        "--allow-host",
        dest="allowed_hosts",
        action="append",
        default=[],
        help="name, besides those of this machine, to answer to without a key; may be repeated",
    )
    parser.add_argument(
        "--time-scale",
        default=ServerSettings.time_scale,
        type=float,
        help="seconds that a simulated task takes for each second of its estimate (%(default)s)",
    )
    parser.add_argument(
        "--webhook-host",
        dest="webhook_hosts",
        action="append",
        default=[],
        help="host that the end of an execution may be told to; may be repeated",
    )
    parser.add_argument(
        "--webhook-allow-private",
        action="store_true",
        help="let these hosts have loopback and private addresses",
    )
    return parser


def _secrets() -> dict[str, Any]:
    """Settings that come by the environment only: arguments can be seen by everybody on the machine.

    Raises:
        ConfigError: a key has no role.
    """
    pairs = [pair.rpartition("=") for pair in os.environ.get(_ROLE_KEYS, "").split(",") if pair.strip()]
    if not all(sign for _, sign, _ in pairs):
        raise ConfigError(f"${_ROLE_KEYS} should read KEY=ROLE,KEY=ROLE")
    role_keys = {key.strip(): role.strip() for key, _, role in pairs}
    return {"role_keys": role_keys, "token_secret": os.environ.get(_SECRET) or None}


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m mplp_mock_server") -> int:
    """Serve until told to stop; 0 after that, 1 with one line on stderr if it cannot start."""
    chosen = _parser(prog).parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = ServerSettings(
            **{
                **vars(chosen),
                "allowed_hosts": tuple(chosen.allowed_hosts),
                "webhook_hosts": tuple(chosen.webhook_hosts),
            },
            **_secrets(),
        )
    except ConfigError as error:
        print(f"mplp server: {error}", file=sys.stderr)
        return 1
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
