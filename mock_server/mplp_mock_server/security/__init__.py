"""Who may reach the server, and who may talk to it."""

from mplp_mock_server.security._bind import check_bind, is_loopback
from mplp_mock_server.security._keys import KeyGuard

__all__ = ["KeyGuard", "check_bind", "is_loopback"]
