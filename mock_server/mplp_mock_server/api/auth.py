"""`/auth`. Spec: protocol §2.1 [ext]."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import RefreshRequest, Token, TokenRequest

__all__ = ["OPERATIONS"]


async def token(call: Call) -> Reply:
    client = call.request.client
    return Reply(await call.services.auth.token(await call.json(), client.host if client else ""))


async def refresh(call: Call) -> Reply:
    return Reply(await call.services.auth.refresh(await call.json(), call.idempotency_key))


OPERATIONS: Final = (
    Operation(
        name="createToken",
        method="POST",
        path="/auth/token",
        summary="Trade an API key for a token.",
        handler=token,
        tag="auth",
        request=TokenRequest,
        response=Token,
        errors=(2005, 2006),
        open=True,
    ),
    Operation(
        name="refreshToken",
        method="POST",
        path="/auth/refresh",
        summary="Trade a refresh token, which is good once, for the next tokens.",
        handler=refresh,
        tag="auth",
        request=RefreshRequest,
        response=Token,
        errors=(2002, 2003, 2007, 2008),
        open=True,
    ),
)
