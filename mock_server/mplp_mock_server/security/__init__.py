"""Who may reach the server, and who may talk to it."""

from mplp_mock_server.security._bind import check_bind, is_loopback
from mplp_mock_server.security._hosts import HostGuard
from mplp_mock_server.security._keys import ADMIN, ROLES, KeyGuard, role_of_key

__all__ = ["ADMIN", "ROLES", "HostGuard", "KeyGuard", "check_bind", "is_loopback", "role_of_key"]
