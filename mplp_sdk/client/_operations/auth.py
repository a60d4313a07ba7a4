"""Endpoints of tokens. Spec: protocol §2.1 [ext]."""

from __future__ import annotations

from mplp_sdk.client._operations._call import Call, sending
from mplp_sdk.models import RefreshRequest, Token, TokenRequest

__all__ = ["refresh", "token"]


def token(api_key: str) -> Call[Token]:
    """POST /auth/token."""
    return sending("POST", "/auth/token", TokenRequest, {"api_key": api_key}, Token)


def refresh(refresh_token: str) -> Call[Token]:
    """POST /auth/refresh."""
    asked = {"refresh_token": refresh_token}
    return sending("POST", "/auth/refresh", RefreshRequest, asked, Token)
