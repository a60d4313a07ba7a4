"""Tokens: what a key is traded for. Spec: protocol §2.1 auth [ext]."""

from __future__ import annotations

from typing import Annotated, Literal, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, MPLPModel

__all__ = ["RefreshRequest", "Token", "TokenRequest"]


class Token(MPLPModel):
    """A token, and the means to get the next one."""

    access_token: str = Field(repr=False)
    """A JWT, sent as `Authorization: Bearer …`."""
    token_type: str = "Bearer"  # noqa: S105  # the word, not a secret
    expires_in: int
    """Seconds."""
    refresh_token: str | None = Field(default=None, repr=False)
    """Good for one refresh."""
    scope: str | None = None
    role: str | None = None
    """`admin`, `developer` or `viewer`."""


@with_config(CLOSED)
class TokenRequest(TypedDict, total=False):
    """The key to trade for a token."""

    api_key: Required[Annotated[str, Field(min_length=1)]]
    grant_type: Literal["api_key"]


@with_config(CLOSED)
class RefreshRequest(TypedDict):
    """The refresh token to trade for a new token."""

    refresh_token: Annotated[str, Field(min_length=1)]
