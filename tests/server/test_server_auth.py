"""Keys and tokens: what they are traded for, how long they are good, and what they allow."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from mplp_mock_server import MockServer, ServerSettings
from mplp_mock_server.clock import SettableClock
from mplp_sdk.errors import ConfigError
from mplp_sdk.models import STRICT, Token

Json = dict[str, Any]

ADMIN, DEVELOPER, VIEWER = "key-of-the-admin", "key-of-the-developer", "key-of-the-viewer"
SECRET = "a secret"
SETTINGS = ServerSettings(
    api_key=ADMIN, role_keys={DEVELOPER: "developer", VIEWER: "viewer"}, token_secret=SECRET
)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def api(clock: SettableClock) -> Iterator[httpx.Client]:
    with (
        MockServer(settings=SETTINGS, clock=clock) as server,
        httpx.Client(base_url=f"{server.url}/v1.0") as client,
    ):
        yield client


def data(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()["data"]
    return told


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def trade(api: httpx.Client, key: str = ADMIN) -> Json:
    return data(api.post("/auth/token", json={"api_key": key, "grant_type": "api_key"}))


def refresh(api: httpx.Client, token: str, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return api.post("/auth/refresh", json={"refresh_token": token}, headers=headers)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.requirement("EP-AUTH-TOKEN")
@pytest.mark.parametrize(
    ("key", "role", "scope"),
    [(ADMIN, "admin", "*:*"), (DEVELOPER, "developer", "execution:execute"), (VIEWER, "viewer", "plan:read")],
)
def test_a_key_is_traded_for_a_token_that_lets_in(api: httpx.Client, key: str, role: str, scope: str) -> None:
    told = trade(api, key)
    Token.model_validate(told, context=STRICT)
    assert (told["token_type"], told["expires_in"], told["role"]) == ("Bearer", 900, role)
    assert scope in told["scope"].split()
    assert api.get("/contexts", headers=bearer(told["access_token"])).status_code == 200
    assert key not in str(jwt.decode(told["access_token"], options={"verify_signature": False}))


@pytest.mark.requirement("EP-AUTH-TOKEN")
@pytest.mark.parametrize("key", ["wrong", ADMIN + "x", ADMIN[:-1], "ключ", " "])
def test_a_wrong_key_is_traded_for_nothing(api: httpx.Client, key: str) -> None:
    assert error(api.post("/auth/token", json={"api_key": key})) == (401, "2006")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("token", {}, "3002"),
        ("token", {"api_key": ""}, "3004"),
        ("token", {"api_key": 7}, "3006"),
        ("token", {"api_key": ADMIN, "grant_type": "password"}, "3001"),
        ("refresh", {}, "3002"),
        ("refresh", {"refresh_token": ""}, "3004"),
    ],
)
def test_a_wrong_request_is_told_so(api: httpx.Client, path: str, body: Json, code: str) -> None:
    assert error(api.post(f"/auth/{path}", json=body)) == (400, code)


@pytest.mark.requirement("EP-AUTH-REFRESH")
def test_a_refresh_token_is_good_once_and_a_second_use_ends_the_session(api: httpx.Client) -> None:
    first = trade(api)
    second = data(refresh(api, first["refresh_token"]))
    assert second["access_token"] != first["access_token"]
    assert second["role"] == "admin"
    assert api.get("/contexts", headers=bearer(second["access_token"])).status_code == 200
    assert error(refresh(api, first["refresh_token"])) == (401, "2007")
    assert error(refresh(api, second["refresh_token"])) == (401, "2008")
    assert refresh(api, trade(api)["refresh_token"]).status_code == 200


@pytest.mark.requirement("EP-AUTH-REFRESH")
def test_a_refresh_whose_answer_got_lost_may_be_sent_again(api: httpx.Client) -> None:
    token, key = trade(api)["refresh_token"], str(uuid.uuid4())
    data(refresh(api, token, key))
    again = data(refresh(api, token, key))
    assert error(refresh(api, token, str(uuid.uuid4()))) == (401, "2007")
    assert error(refresh(api, again["refresh_token"])) == (401, "2008")


@pytest.mark.requirement("EP-AUTH-TOKEN", "EP-AUTH-REFRESH")
def test_tokens_grow_old_by_the_servers_clock(api: httpx.Client, clock: SettableClock) -> None:
    told = trade(api)
    clock.advance(timedelta(minutes=14))
    assert api.get("/contexts", headers=bearer(told["access_token"])).status_code == 200
    clock.advance(timedelta(minutes=2))
    assert error(api.get("/contexts", headers=bearer(told["access_token"]))) == (401, "2003")
    told = data(refresh(api, told["refresh_token"]))
    clock.advance(timedelta(hours=3))
    assert error(refresh(api, told["refresh_token"])) == (401, "2003")


@pytest.mark.requirement("EP-AUTH-REFRESH")
def test_a_session_ends_however_often_it_was_refreshed(api: httpx.Client, clock: SettableClock) -> None:
    told = trade(api)
    for _ in range(11):
        clock.advance(timedelta(hours=1))
        told = data(refresh(api, told["refresh_token"]))
    clock.advance(timedelta(hours=1, seconds=1))
    assert error(refresh(api, told["refresh_token"])) == (401, "2008")
    assert error(api.get("/contexts", headers=bearer(told["access_token"]))) == (401, "2008")
    assert refresh(api, trade(api)["refresh_token"]).status_code == 200


def forged(**changes: Any) -> Callable[[Json], str]:
    """Writes a token as the server does, but for some claims."""

    def write(token: Json) -> str:
        claims = jwt.decode(token["access_token"], options={"verify_signature": False})
        key = hashlib.sha256(changes.get("secret", SECRET).encode()).digest()
        wrong = {name: value for name, value in changes.items() if name not in ("secret", "algorithm")}
        claims = {name: value for name, value in {**claims, **wrong}.items() if value is not None}
        algorithm = changes.get("algorithm", "HS256")
        return jwt.encode(claims, key if algorithm != "none" else None, algorithm)

    return write


WRONG: list[tuple[str, Callable[[Json], str]]] = [
    ("another signature", forged(secret="another")),
    ("no signature", forged(algorithm="none")),
    ("another algorithm", forged(algorithm="HS384")),
    ("another audience", forged(aud="other")),
    ("another issuer", forged(iss="other")),
    ("no expiry", forged(exp=None)),
    ("no session", forged(session_start=None)),
    ("cut short", lambda token: token["access_token"][:-3]),
    ("for refreshing", lambda token: token["refresh_token"]),
    ("no token", lambda _: "abc"),
    ("three parts", lambda _: "a.b.c"),
    ("not ascii", lambda _: "é"),
]


@pytest.mark.requirement("EP-AUTH-TOKEN")
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("write", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_no_token_of_the_server_is_refused(api: httpx.Client, write: Callable[[Json], str]) -> None:
    headers = [(b"authorization", f"Bearer {write(trade(api))}".encode("latin-1"))]
    assert error(api.get("/contexts", headers=headers)) == (401, "2002")


def test_a_token_for_access_does_not_refresh(api: httpx.Client) -> None:
    assert error(refresh(api, trade(api)["access_token"])) == (401, "2002")


@pytest.mark.requirement("HTTP-AUTH-LOCK")
def test_too_many_wrong_keys_lock_for_a_while(api: httpx.Client, clock: SettableClock) -> None:
    for _ in range(10):
        assert error(api.post("/auth/token", json={"api_key": "wrong"})) == (401, "2006")
    locked = api.post("/auth/token", json={"api_key": ADMIN})
    assert error(locked) == (403, "2005")
    assert 0 < locked.json()["error"]["retry_after"] <= 300_000
    assert 0 < int(locked.headers["retry-after"]) <= 300
    assert api.get("/contexts", headers={"x-api-key": ADMIN}).status_code == 200
    clock.advance(timedelta(minutes=5, seconds=1))
    assert trade(api)["role"] == "admin"


def test_a_right_key_between_wrong_ones_unlocks(api: httpx.Client) -> None:
    for _ in range(3):
        for _ in range(9):
            api.post("/auth/token", json={"api_key": "wrong"})
        trade(api)


ALLOWED: list[tuple[str, str, Json | None, set[str]]] = [
    ("GET", "/contexts", None, {"admin", "developer", "viewer"}),
    ("GET", "/plans", None, {"admin", "developer", "viewer"}),
    ("GET", "/confirmations", None, {"admin", "developer", "viewer"}),
    ("GET", "/traces", None, {"admin", "developer", "viewer"}),
    ("GET", "/executions", None, {"admin", "developer", "viewer"}),
    ("GET", "/roles", None, {"admin"}),
    ("GET", "/extensions", None, {"admin"}),
    ("GET", "/schemas", None, {"admin", "developer", "viewer"}),
    ("POST", "/schemas/plan/validate", {}, {"admin", "developer", "viewer"}),
    ("POST", "/contexts", {}, {"admin", "developer"}),
    ("POST", "/plans", {"name": "p", "tasks": []}, {"admin", "developer"}),
    ("PUT", "/contexts/none", {}, {"admin", "developer"}),
    ("DELETE", "/plans/none", None, {"admin", "developer"}),
    ("POST", "/confirmations/none/decide", {"decision": "approved"}, {"admin", "developer"}),
    ("POST", "/traces", {}, {"admin"}),
    ("POST", "/roles", {"name": "r"}, {"admin"}),
    ("POST", "/extensions", {}, {"admin"}),
    ("GET", "/nowhere", None, {"admin", "developer", "viewer"}),
]


@pytest.mark.requirement("HTTP-AUTH-ROLES")
@pytest.mark.parametrize("shown", ["key", "token"])
def test_a_role_decides_what_is_allowed(api: httpx.Client, shown: str) -> None:
    for key, role in SETTINGS.keys.items():
        headers = {"x-api-key": key} if shown == "key" else bearer(trade(api, key)["access_token"])
        for method, path, body, roles in ALLOWED:
            answer = api.request(method, path, json=body, headers=headers)
            assert (answer.status_code != 403) == (role in roles), (role, method, path, answer.text)
            if role not in roles:
                assert error(answer) == (403, "2004")
                assert answer.json()["error"]["details"]["role"] == role


@pytest.mark.requirement("HTTP-AUTH-ROLES")
def test_who_may_not_changes_nothing(api: httpx.Client) -> None:
    own = data(api.get("/contexts", headers={"x-api-key": ADMIN}))["pagination"]["total"]
    api.post("/contexts", json={}, headers={"x-api-key": VIEWER})
    assert data(api.get("/contexts", headers={"x-api-key": ADMIN}))["pagination"]["total"] == own


def test_nothing_is_said_to_strangers(api: httpx.Client) -> None:
    for path in ("/contexts", "/nowhere", "/schemas/plan"):
        assert error(api.get(path)) == (401, "2001")
        assert error(api.get(path, headers={"x-api-key": "wrong"})) == (401, "2002")


def test_sessions_outlive_the_process_where_the_secret_does(tmp_path: Any) -> None:
    server = MockServer(tmp_path / "run.db", settings=SETTINGS)
    with server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        first = trade(api, DEVELOPER)
        used, token = first["refresh_token"], data(refresh(api, first["refresh_token"]))["refresh_token"]
        server.restart()
        kept = data(refresh(api, token))
        assert kept["role"] == "developer"
        assert error(refresh(api, used)) == (401, "2007")
    fewer = ServerSettings(api_key=ADMIN, token_secret=SECRET)
    with (
        MockServer(tmp_path / "run.db", settings=SETTINGS) as again,
        httpx.Client(base_url=f"{again.url}/v1.0") as api,
    ):
        token = trade(api, DEVELOPER)["refresh_token"]
    with (
        MockServer(tmp_path / "run.db", settings=fewer) as last,
        httpx.Client(base_url=f"{last.url}/v1.0") as api,
    ):
        assert error(refresh(api, token)) == (401, "2007")


def test_without_a_secret_tokens_end_with_the_process(tmp_path: Any) -> None:
    server = MockServer(tmp_path / "run.db", api_key=ADMIN)
    with server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        told = trade(api)
        server.restart()
        assert error(api.get("/contexts", headers=bearer(told["access_token"]))) == (401, "2002")
        assert error(refresh(api, told["refresh_token"])) == (401, "2002")


def test_a_server_without_keys_trades_nothing_and_asks_nobody() -> None:
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert error(api.post("/auth/token", json={"api_key": "any"})) == (401, "2006")
        assert api.get("/contexts", headers=bearer("any")).status_code == 200


@pytest.mark.parametrize("keys", [{"k": "owner"}, {"": "viewer"}, {" ": "admin"}])
def test_keys_without_a_role_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="role_keys"):
        ServerSettings(role_keys=keys)


def test_secrets_are_not_shown() -> None:
    for secret in (ADMIN, VIEWER, SECRET):
        assert secret not in repr(SETTINGS)
