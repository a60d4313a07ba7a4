"""Who a caller is: the role of the key or token that a request shows. Spec: protocol §2 Headers, §2.2."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Final

from mplp_sdk.errors import AuthenticationRequired, InvalidToken

__all__ = ["ADMIN", "ROLES", "KeyGuard", "role_of_key"]

ADMIN: Final = "admin"
ROLES: Final = (ADMIN, "developer", "viewer")
"""Built-in roles that a key or token can have."""


def role_of_key(shown: str, keys: Mapping[str, str]) -> str | None:
    """The role of an API key; None where it is none of `keys`."""
    # All of them, each in constant time, or the answer's delay would tell how much of a guess is right.
    asked = shown.encode("utf-8", "replace")
    found = [role for key, role in keys.items() if hmac.compare_digest(asked, key.encode())]
    return found[0] if found else None


class KeyGuard:
    """Lets a request pass that shows a key or a token; lets all pass where there are no keys.

    Args:
        keys: API keys, and the role of each.
        read_token: the role that a token carries; raises what is wrong with it.
    """

    def __init__(self, keys: Mapping[str, str], read_token: Callable[[str], str]) -> None:
        self._keys = keys
        self._read_token = read_token

    def admit(self, headers: Mapping[str, str]) -> str:
        """The role of the caller, by the headers of one request.

        Raises:
            AuthenticationRequired: a key is asked for and none was shown.
            InvalidToken: what was shown is neither a key nor a token.
            TokenExpired, SessionExpired: the token is too old.
        """
        if not self._keys:
            return ADMIN
        key, token = headers.get("x-api-key"), _bearer(headers)
        if not key and not token:
            raise AuthenticationRequired("this server asks for X-API-Key or Authorization: Bearer")
        role = role_of_key(key or token, self._keys)
        if role is not None:
            return role
        if key:
            raise InvalidToken("the API key is not one of this server")
        return self._read_token(token)


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
