"""Authentication by one API key. Spec: protocol §2 Headers, §2.2."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from mplp_sdk.errors import AuthenticationRequired, InvalidToken

__all__ = ["KeyGuard"]


class KeyGuard:
    """Lets a request pass that shows the key; lets all pass where there is no key."""

    def __init__(self, api_key: str | None) -> None:
        self._expected = None if api_key is None else api_key.encode()

    def check(self, headers: Mapping[str, str]) -> None:
        """Look at the headers of one request.

        Raises:
            AuthenticationRequired: a key is asked for and none was shown.
            InvalidToken: another key was shown.
        """
        if self._expected is None:
            return
        shown = _shown_key(headers)
        if not shown:
            raise AuthenticationRequired("this server asks for X-API-Key or Authorization: Bearer")
        # In constant time, or the answer's delay would tell how much of a guess is right.
        if not hmac.compare_digest(shown.encode("latin-1", "replace"), self._expected):
            raise InvalidToken("the API key is not the one of this server")


def _shown_key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return headers.get("x-api-key") or bearer
