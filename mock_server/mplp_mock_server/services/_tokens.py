"""Tokens as text: signed, told apart by what they are for, and judged by the server's clock.

Used by `auth`. The only module that knows PyJWT. Spec: protocol §2.1 auth [ext]; Design-draft, JWT.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final, Literal

from mplp_mock_server._extra import MissingExtra

try:
    import jwt
except ModuleNotFoundError as missing:
    raise MissingExtra(missing) from missing

from mplp_mock_server.clock import Clock
from mplp_sdk.errors import InvalidToken, SessionExpired, TokenExpired

__all__ = ["ACCESS", "REFRESH", "SESSION", "Claims", "Tokens", "Use"]

Use = Literal["access", "refresh"]
Claims = dict[str, Any]

ACCESS: Final = timedelta(minutes=15)
REFRESH: Final = timedelta(hours=2)
SESSION: Final = timedelta(hours=12)
"""How long an access token, a refresh token and a whole session are good for."""

_ALGORITHM: Final = "HS256"
_NAME: Final = "mplp"
_LIVES: Final = {"access": ACCESS, "refresh": REFRESH}
_ASKED: Final = ["exp", "iat", "sub", "jti", "session_id", "session_start", "role", "use"]


class Tokens:
    """Writes tokens and reads them.

    Args:
        secret: what they are signed with.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        # As long as the digest, whatever the length of the secret.
        self._key = hashlib.sha256(secret.encode()).digest()
        self._clock = clock

    def write(self, use: Use, claims: Claims) -> str:
        """A token that says `claims`, from now on."""
        now = self._clock.now()
        times = {"iat": now.timestamp(), "exp": (now + _LIVES[use]).timestamp()}
        return jwt.encode({"iss": _NAME, "aud": _NAME, **claims, **times, "use": use}, self._key, _ALGORITHM)

    def read(self, use: Use, token: str) -> Claims:
        """What a token says.

        Raises:
            InvalidToken: it is none of ours, or one for something else.
            TokenExpired: it is too old.
            SessionExpired: its session is too old.
        """
        # Expiry is judged below: PyJWT would ask the machine's clock.
        options: Any = {"require": _ASKED, "verify_exp": False, "verify_iat": False}
        try:
            claims: Claims = jwt.decode(token, self._key, [_ALGORITHM], options, audience=_NAME, issuer=_NAME)
        except jwt.PyJWTError as error:
            raise InvalidToken("the token is not valid", details={"reason": str(error)}) from None
        if claims["use"] != use:
            raise InvalidToken("the token is not valid", details={"reason": f"it is for {claims['use']}"})
        now = self._clock.now().timestamp()
        if claims["session_start"] + SESSION.total_seconds() <= now:
            raise SessionExpired("the session has ended; trade the API key for a new token")
        if claims["exp"] <= now:
            raise TokenExpired(f"the {use} token has expired")
        return claims
