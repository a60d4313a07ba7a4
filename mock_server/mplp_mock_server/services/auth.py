"""Tokens: what a key is traded for, and how one follows another.

A session begins with a key and has one refresh token at a time. Each is good once: who shows an older one may
have stolen it, so the session ends there.

Spec: protocol §2.1 auth [ext], §2.2 2xxx; Design-draft, JWT.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from mplp_mock_server.clock import Clock, to_micros
from mplp_mock_server.security import role_of_key
from mplp_mock_server.services._built_in_roles import BUILT_IN
from mplp_mock_server.services._objects import encode
from mplp_mock_server.services._tokens import ACCESS, SESSION, Claims, Tokens
from mplp_mock_server.services._validation import JsonObject, read_input
from mplp_mock_server.store import PartRow, Store, Writer
from mplp_sdk.errors import AccountLocked, InvalidCredentials, SessionExpired, TokenRevoked
from mplp_sdk.models import RefreshRequest, TokenRequest
from mplp_sdk.protocol.ids import new_id

__all__ = ["Auth"]

_SESSION: Final = "session"

_MOST_WRONG: Final = 10
_WINDOW: Final = timedelta(minutes=5)
_MOST_CLIENTS: Final = 10_000
"""Clients whose wrong keys are remembered."""


class _Session(msgspec.Struct):
    role: str
    key: str
    """Digest of the API key, under the server's secret."""
    current: str
    """Id of the refresh token that is good now."""
    retry: str | None = None
    """The `Idempotency-Key` that `current` was asked for with."""
    previous: str | None = None
    """Id of the token before; good once more under `retry`, for an answer that got lost."""


class Auth:
    """Trades keys for tokens, and tokens for the next ones.

    Args:
        keys: API keys, and the role of each.
        secret: what tokens are signed with.
    """

    def __init__(self, store: Store, clock: Clock, keys: Mapping[str, str], secret: str) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._secret = secret.encode()
        self._tokens = Tokens(secret, clock)
        self._wrong: dict[str, deque[datetime]] = {}

    def role_of(self, token: str) -> str:
        """The role that an access token carries.

        Raises:
            InvalidToken, TokenExpired, SessionExpired: it is not good, or not any more.
        """
        role: str = self._tokens.read("access", token)["role"]
        return role

    async def token(self, body: JsonObject, client: str) -> bytes:
        """Begin a session: `mplp_sdk.models.Token`.

        Args:
            client: who asks; wrong keys are counted by it.

        Raises:
            InvalidCredentials: the key is wrong.
            AccountLocked: too many were, of late.
        """
        key = read_input(TokenRequest, body)["api_key"]
        self._check_lock(client)
        role = role_of_key(key, self._keys)
        if role is None:
            self._count(client)
            raise InvalidCredentials("the API key is not one of this server", details={"field": "api_key"})
        self._wrong.pop(client, None)
        session_id, session = new_id(), _Session(role, self._digest(key), new_id())
        now = self._clock.now()

        def begin(tx: Writer) -> None:
            tx.delete_parts(_SESSION, "", before=to_micros(now - SESSION))
            _keep(tx, session_id, session, now)

        await self._store.write(begin)
        return self._answer(session_id, session, now.timestamp())

    async def refresh(self, body: JsonObject, key: str | None) -> bytes:
        """Go on with a session: the next `mplp_sdk.models.Token`.

        Args:
            key: the `Idempotency-Key`; a repeat under it gets a token too.

        Raises:
            InvalidToken: it is no refresh token.
            TokenExpired, SessionExpired: it, or its session, is too old.
            TokenRevoked: it was used before, or its API key was taken away.
        """
        claims = self._tokens.read("refresh", read_input(RefreshRequest, body)["refresh_token"])
        session = await self._store.write(lambda tx: self._next(tx, claims, key))
        if session is None:
            # Raised here, so that the transaction keeps the end of the session.
            raise TokenRevoked("the refresh token was used before; trade the API key for a new token")
        return self._answer(claims["session_id"], session, claims["session_start"])

    def _next(self, tx: Writer, claims: Claims, key: str | None) -> _Session | None:
        """The session with its next token; None where somebody shows an old one."""
        part = tx.part(_SESSION, "", claims["session_id"])
        if part is None:
            raise SessionExpired("the session has ended; trade the API key for a new token")
        session = msgspec.json.decode(part.body, type=_Session)
        if session.key not in map(self._digest, self._keys):
            raise TokenRevoked("the API key of this session was taken away")
        repeated = key is not None and (claims["jti"], key) == (session.previous, session.retry)
        if claims["jti"] != session.current and not repeated:
            tx.delete_part(_SESSION, "", claims["session_id"])
            return None
        later = _Session(session.role, session.key, new_id(), key, claims["jti"])
        _keep(tx, claims["session_id"], later, self._clock.now())
        return later

    def _answer(self, session_id: str, session: _Session, start: float) -> bytes:
        claims = {
            "sub": session.key,
            "session_id": session_id,
            "session_start": start,
            "role": session.role,
            "scope": _scope(session.role),
        }
        return encode(
            {
                "access_token": self._tokens.write("access", {**claims, "jti": new_id()}),
                "token_type": "Bearer",
                "expires_in": int(ACCESS.total_seconds()),
                "refresh_token": self._tokens.write("refresh", {**claims, "jti": session.current}),
                "scope": " ".join(_scope(session.role)),
                "role": session.role,
            }
        )

    def _digest(self, key: str) -> str:
        # Under the secret: who sees a token must not be able to try keys on it.
        return hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()

    def _check_lock(self, client: str) -> None:
        wrong = self._wrong.get(client, deque())
        while wrong and wrong[0] <= self._clock.now() - _WINDOW:
            wrong.popleft()
        if len(wrong) >= _MOST_WRONG:
            reason = f"{_MOST_WRONG} wrong keys within {_WINDOW.seconds // 60} minutes"
            wait = (wrong[0] + _WINDOW - self._clock.now()).total_seconds()
            details = {"reason": reason}
            raise AccountLocked(f"locked for a while after {reason}", details=details, retry_after=wait)

    def _count(self, client: str) -> None:
        if client not in self._wrong and len(self._wrong) >= _MOST_CLIENTS:
            del self._wrong[next(iter(self._wrong))]
        self._wrong.setdefault(client, deque()).append(self._clock.now())


def _keep(tx: Writer, session_id: str, session: _Session, at: datetime) -> None:
    body = msgspec.json.encode(session)
    tx.put_part(PartRow(kind=_SESSION, owner="", id=session_id, body=body, created_at=to_micros(at)))


def _scope(role: str) -> list[str]:
    permissions = BUILT_IN[role]["permissions"]
    return [f"{one['resource']}:{action}" for one in permissions for action in one["actions"]]
