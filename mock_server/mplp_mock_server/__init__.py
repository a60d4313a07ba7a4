"""The reference server of MPLP: `python -m mplp_mock_server`, or inside a test:

    with MockServer() as server:
        client = Client(base_url=server.url)

It needs the extra `server`; importing this package does not.
"""

from mplp_mock_server._mock import MockServer
from mplp_mock_server._run import run, serve
from mplp_mock_server.settings import ServerSettings

__all__ = ["MockServer", "ServerSettings", "run", "serve"]
