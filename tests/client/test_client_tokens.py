"""A key is traded for tokens by the client itself: once, again when they expire, and never in a circle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from mplp_sdk import errors
from mplp_sdk.client import Client

BASE = "http://mplp.test"
PLAN = {"id": "p1", "name": "p", "tasks": []}
Connect = Callable[..., Any]


class Issuer:
    """Gives tokens t1, t2, … for the key, and takes them until they have expired."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.given = 0
        self.expired: set[str] = set()
        self.refuse_with: str | None = None
        """Code that every token is refused with; None: those that have not expired are good."""
        self.refusal = "2003"
        """Code that expired tokens are refused with."""
        self.trades = router.post(f"{BASE}/v1.0/auth/token").mock(side_effect=self._trade)
        self.reads = router.route(path__regex=r"/plans").mock(side_effect=self._read)

    def _trade(self, request: httpx.Request) -> httpx.Response:
        assert not {"authorization", "x-api-key"} & set(request.headers)
        assert request.content == b'{"api_key":"key"}'
        self.given += 1
        token = {"access_token": f"t{self.given}", "token_type": "Bearer", "expires_in": 60}
        return httpx.Response(200, json={"success": True, "data": token})

    def _read(self, request: httpx.Request) -> httpx.Response:
        assert "x-api-key" not in request.headers
        good = self.refuse_with is None and request.headers["authorization"] not in self.expired
        error = {"code": self.refuse_with or self.refusal, "message": "no longer"}
        return httpx.Response(200, json=PLAN) if good else httpx.Response(401, json={"error": error})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with respx.mock(assert_all_called=False) as router:
        yield Issuer(router)


def test_the_key_is_traded_once_for_all_calls(connect: Connect, issuer: Issuer) -> None:
    call = connect(BASE, api_key="key", exchange_key=True)
    for _ in range(3):
        call(lambda client: client.plans.get("p1"))
    call(lambda client: client.with_options(timeout=3).plans.get("p1"))
    assert (issuer.trades.call_count, issuer.reads.call_count) == (1, 4)


@pytest.mark.parametrize("code", ["2002", "2003", "2008"])
def test_a_token_that_is_no_longer_good_is_replaced(connect: Connect, issuer: Issuer, code: str) -> None:
    call = connect(BASE, api_key="key", exchange_key=True)
    call(lambda client: client.plans.get("p1"))
    issuer.expired, issuer.refusal = {"Bearer t1"}, code
    assert call(lambda client: client.plans.create(name="p", tasks=[])).id == "p1"
    first, second = (entry.request for entry in list(issuer.reads.calls)[1:])
    assert (first.headers["authorization"], second.headers["authorization"]) == ("Bearer t1", "Bearer t2")
    for name in ("x-request-id", "idempotency-key"):
        assert first.headers[name] == second.headers[name]


def test_a_token_that_is_never_taken_is_replaced_once(connect: Connect, issuer: Issuer) -> None:
    call = connect(BASE, api_key="key", exchange_key=True)
    issuer.refuse_with = "2003"
    with pytest.raises(errors.TokenExpired):
        call(lambda client: client.plans.get("p1"))
    assert (issuer.trades.call_count, issuer.reads.call_count) == (1, 1)
    with pytest.raises(errors.TokenExpired):
        call(lambda client: client.plans.get("p1"))
    assert (issuer.trades.call_count, issuer.reads.call_count) == (2, 3)


@pytest.mark.parametrize(
    ("code", "kind"), [("2007", errors.TokenRevoked), ("2001", errors.AuthenticationRequired)]
)
def test_other_refusals_stand(connect: Connect, issuer: Issuer, code: str, kind: type[Exception]) -> None:
    call = connect(BASE, api_key="key", exchange_key=True)
    call(lambda client: client.plans.get("p1"))
    issuer.refuse_with = code
    with pytest.raises(kind):
        call(lambda client: client.plans.get("p1"))
    assert issuer.trades.call_count == 1


def test_a_refused_key_is_raised(connect: Connect, issuer: Issuer) -> None:
    issuer.trades.side_effect = None
    issuer.trades.respond(401, json={"error": {"code": "2006", "message": "unknown key"}})
    with pytest.raises(errors.InvalidCredentials):
        connect(BASE, api_key="key", exchange_key=True)(lambda client: client.plans.get("p1"))
    assert issuer.reads.call_count == 0


def test_threads_that_find_an_expired_token_all_succeed(issuer: Issuer) -> None:
    failures: list[BaseException] = []
    with Client(BASE, api_key="key", exchange_key=True) as client:
        client.plans.get("p1")
        issuer.expired = {"Bearer t1"}
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait(10)
            try:
                client.plans.get("p1")
            except errors.MPLPError as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert failures == []


@pytest.mark.parametrize("arguments", [{}, {"api_key": "key", "token": "t"}])
def test_there_must_be_a_key_to_trade(arguments: Any) -> None:
    with pytest.raises(errors.ConfigError, match="exchange_key"):
        Client(BASE, exchange_key=True, **arguments)
