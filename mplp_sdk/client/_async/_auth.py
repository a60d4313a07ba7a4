"""`client.auth`."""

from __future__ import annotations

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import auth
from mplp_sdk.models import Token

__all__ = ["AsyncAuth"]


class AsyncAuth(AsyncNamespace):
    """Tokens. A client made with `exchange_key=True` gets them by itself."""

    async def token(self, api_key: str) -> Token:
        """Trade a key for a token.

        Args:
            api_key: the key.

        Raises:
            InvalidCredentials: the server does not know the key.
            AccountLocked: there were too many wrong keys.

        Spec: protocol §2.1; POST /auth/token.
        """
        return await self._client.execute(auth.token(api_key))

    async def refresh(self, refresh_token: str) -> Token:
        """Trade a refresh token for a new token.

        Args:
            refresh_token: of the token before; good for one use.

        Raises:
            InvalidToken: the server did not give it.
            TokenExpired: it is too old.
            TokenRevoked: it was used before.
            SessionExpired: too much time has passed since the key was shown.

        Spec: protocol §2.1; POST /auth/refresh.
        """
        return await self._client.execute(auth.refresh(refresh_token))
