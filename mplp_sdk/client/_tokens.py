"""Trading a key for tokens: a flow around the flow of a call. Spec: protocol §2.1 auth, §2.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mplp_sdk.client._flow import Flow, Reply
from mplp_sdk.errors import InvalidToken, SessionExpired, TokenExpired
from mplp_sdk.models import Token

__all__ = ["TokenHolder", "with_token"]

T = TypeVar("T")

_MENDED_BY_ANOTHER = (InvalidToken, TokenExpired, SessionExpired)
"""What a new token mends. A revoked one is not replaced: somebody meant it."""


class TokenHolder:
    """The token that all calls of a client carry.

    The key is traded anew instead of using the refresh token: that is good for one use, and calls that find
    at the same time that the token has expired would spoil it for each other.
    """

    value: str | None = None
    """None before the first call."""


def with_token(
    holder: TokenHolder,
    trade: Callable[[], Flow[Reply[Token]]],
    send: Callable[[str], Flow[Reply[T]]],
) -> Flow[Reply[T]]:
    """Carry out a call with the token in `holder`; trade the key for one where there is none, and once more
    where the server no longer takes it."""
    known = holder.value
    if known is not None:
        try:
            return (yield from send(known))
        except _MENDED_BY_ANOTHER:
            pass
    fresh = holder.value
    if fresh is None or fresh == known:  # otherwise another call has traded meanwhile
        fresh = holder.value = (yield from trade()).parsed.access_token
    return (yield from send(fresh))
