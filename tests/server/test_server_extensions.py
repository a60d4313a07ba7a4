"""Extensions: registered, run on what they take, ended when they take too long, loaded anew."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from answers import data, error
from mplp_mock_server.extensions import register_extension, unregister_extension
from mplp_sdk.errors import DependencyError, ThirdPartyServiceError
from mplp_sdk.models import STRICT, Extension, ExtensionResult

Json = dict[str, Any]


@pytest.fixture
def handler() -> Iterator[Callable[..., str]]:
    """Registers a handler under a name of its own, and gives the name."""
    names: list[str] = []

    def register(function: Callable[[Any], Any], version: str = "1.0.0", **schemas: Json) -> str:
        names.append(f"test-{uuid.uuid4()}")
        register_extension(names[-1], version, function, **schemas)
        return names[-1]

    yield register
    for name in names:
        unregister_extension(name)


def body(entry_point: str, **members: Any) -> Json:
    return {
        "name": "shout",
        "version": "1.0.0",
        "type": "plugin",
        "interface": {},
        "implementation": {"runtime": "python", "entry_point": entry_point},
        **members,
    }


def made(api: httpx.Client, entry_point: str, **members: Any) -> str:
    path: str = data(api.post("/extensions", json=body(entry_point, **members)), 201)["id"]
    return f"/extensions/{path}"


def execute(api: httpx.Client, path: str, given: Any = None, **members: Any) -> httpx.Response:
    return api.post(f"{path}/execute", json={"input": given, **members}, timeout=30)


def status(api: httpx.Client, path: str) -> str:
    told: str = data(api.get(path))["lifecycle"]["status"]
    return told


@pytest.mark.requirement(
    "EP-EXTENSIONS-CREATE", "EP-EXTENSIONS-GET", "EP-EXTENSIONS-LIST", "EP-EXTENSIONS-DELETE"
)
def test_an_extension_is_registered_read_listed_and_removed(
    api: httpx.Client, handler: Callable[..., str]
) -> None:
    name = str(uuid.uuid4())
    made_one = data(api.post("/extensions", json=body(handler(str), name=name, x_odd=[None])), 201)
    Extension.model_validate(made_one, context=STRICT)
    assert made_one["x_odd"] == [None]
    assert made_one["lifecycle"]["status"] == "active"
    assert made_one["lifecycle"]["install_date"] == made_one["lifecycle"]["last_update"]
    path = f"/extensions/{made_one['id']}"
    assert data(api.get(path)) == made_one
    assert data(api.get("/extensions", params={"name": name}))["items"] == [made_one]
    assert api.delete(path).status_code == 204
    for answer in (api.get(path), api.delete(path), execute(api, path)):
        assert error(answer)[:2] == (404, "5001")
    assert error(api.put(f"{path}/reload", json={"version": "1.0.0"}))[:2] == (404, "5001")


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
def test_functions_and_coroutines_are_run(api: httpx.Client, handler: Callable[..., str]) -> None:
    async def later(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    for function in (str.upper, later):
        path = made(api, handler(function))
        context_id = data(api.post("/contexts", json={}), 201)["id"]
        told = data(execute(api, path, "é", context_id=context_id))
        ExtensionResult.model_validate(told, context=STRICT)
        assert (told["output"], told["context_id"]) == ("É", context_id)
        assert told["extension_id"] == path.rpartition("/")[2]
        assert "context_id" not in data(execute(api, path, "é"))
    assert data(execute(api, made(api, handler(lambda _: None))))["output"] is None


INPUT = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
@pytest.mark.parametrize("where", ["object", "handler"])
def test_input_and_output_are_held_to_their_schemas(
    api: httpx.Client, handler: Callable[..., str], where: str
) -> None:
    output = {"type": "object", "properties": {"n": {"maximum": 9}}}
    schemas = {"input_schema": INPUT, "output_schema": output}
    given, own = ({}, schemas) if where == "handler" else (schemas, {})
    calls: list[Any] = []

    def note(value: Json) -> Json:
        calls.append(value)
        return value

    path = made(api, handler(note, **own), interface=given)
    assert data(execute(api, path, {"n": 3}))["output"] == {"n": 3}
    for wrong, field in (({"n": 0}, "input.n"), ({}, "input"), (7, "input"), ({"n": "1"}, "input.n")):
        assert error(execute(api, path, wrong)) == (400, "3006", field)
    assert error(execute(api, path, {"n": 10})) == (500, "5003", "output.n")
    assert calls == [{"n": 3}, {"n": 10}]


SCHEMAS: list[tuple[str, Any]] = [
    ("no type", {"type": "odd"}),
    ("no pattern", {"pattern": "("}),
    ("back-reference", {"pattern": r"(a)\1"}),
    ("look-ahead", {"properties": {"a": {"pattern": "(?=a)"}}}),
    ("pattern properties", {"patternProperties": {"(a+)+$": {}}}),
    ("within", {"anyOf": [{"patternProperties": {"a": {}}}]}),
]


@pytest.mark.parametrize("schema", [row[1] for row in SCHEMAS], ids=[row[0] for row in SCHEMAS])
def test_a_schema_that_cannot_be_used_is_refused(api: httpx.Client, schema: Json) -> None:
    for name in ("input_schema", "output_schema"):
        answer = api.post("/extensions", json=body("x", interface={name: schema}))
        assert error(answer) == (400, "3006", f"interface.{name}")


def test_a_reference_is_not_followed_and_a_pattern_does_not_hang(
    api: httpx.Client, handler: Callable[..., str]
) -> None:
    outside = {"$ref": "http://127.0.0.1:9/schema.json"}
    assert error(execute(api, made(api, handler(str), interface={"input_schema": outside})))[:2] == (
        500,
        "5002",
    )
    endless = {"$ref": "#"}
    assert error(execute(api, made(api, handler(str), interface={"input_schema": endless})))[:2] == (
        500,
        "5002",
    )
    slow = {"pattern": "^(a+)+$"}
    path = made(api, handler(str), interface={"input_schema": slow})
    assert error(execute(api, path, "a" * 50_000 + "b")) == (400, "3006", "input")
    assert data(execute(api, path, "aaa"))["output"] == "aaa"


def odd_output(_: Any) -> Any:
    return {1, object()}


def stop(_: Any) -> Any:
    raise StopIteration


def deep(_: Any) -> Any:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
@pytest.mark.parametrize("function", [lambda _: 1 / 0, lambda _: {}["no"], odd_output, stop, deep])
def test_a_handler_that_fails_answers_5003(
    api: httpx.Client, handler: Callable[..., str], function: Callable[[Any], Any]
) -> None:
    answer = execute(api, made(api, handler(function)))
    assert error(answer)[:2] == (500, "5003")
    assert "Traceback" not in answer.text
    assert answer.json()["error"]["details"]["reason"]


@pytest.mark.parametrize(
    ("cls", "told"), [(ThirdPartyServiceError, (502, "5005")), (DependencyError, (502, "1008"))]
)
def test_a_handler_may_say_who_failed_instead(
    api: httpx.Client, handler: Callable[..., str], cls: Any, told: tuple[int, str]
) -> None:
    def fail(_: Any) -> Any:
        raise cls("the weather service is down", details={"service": "weather"})

    answer = execute(api, made(api, handler(fail)))
    assert error(answer)[:2] == told
    assert answer.json()["error"]["details"]["service"] == "weather"


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
@pytest.mark.parametrize("limit", [{"timeout": 50}, {"timeout": "0.05s"}, {}])
def test_a_handler_that_takes_too_long_is_given_up(
    api: httpx.Client, handler: Callable[..., str], limit: Json
) -> None:
    release = threading.Event()

    async def never(_: Any) -> None:
        await asyncio.Event().wait()

    for function in (lambda _: release.wait(30), never):
        implementation: Json = {"runtime": "python", "entry_point": handler(function)}
        if not limit:
            implementation["configuration"] = {"timeout": 50}
        path = made(api, "", implementation=implementation)
        assert error(execute(api, path, **limit)) == (408, "1006", "timeout")
        assert status(api, path) == "active"
    release.set()


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "3002", "input"),
        ({"input": 1, "timeout": 0}, "3004", "timeout"),
        ({"input": 1, "timeout": 300_001}, "3004", "timeout"),
        ({"input": 1, "timeout": 10**400}, "3004", "timeout"),
        ({"input": 1, "timeout": True}, "3006", "timeout"),
        ({"input": 1, "timeout": "soon"}, "3003", "timeout"),
        ({"input": 1, "timeout": "PT0S"}, "3004", "timeout"),
        ({"input": 1, "timeout": []}, "3006", "timeout"),
        ({"input": 1, "context_id": "nowhere"}, "4006", "context_id"),
        ({"input": 1, "context_id": 7}, "3006", "context_id"),
    ],
)
def test_a_wrong_call_runs_nothing(
    api: httpx.Client, handler: Callable[..., str], given: Json, code: str, field: str
) -> None:
    calls: list[Any] = []
    path = made(api, handler(calls.append))
    told = error(api.post(f"{path}/execute", json=given))
    assert (told[1], told[2].split(".")[0], calls) == (code, field, [])


def test_a_context_that_has_ended_runs_nothing(api: httpx.Client, handler: Callable[..., str]) -> None:
    context_id = data(api.post("/contexts", json={"status": "completed"}), 201)["id"]
    answer = execute(api, made(api, handler(str)), context_id=context_id)
    assert error(answer) == (400, "4006", "context_id")


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
def test_what_this_server_cannot_run_says_so(api: httpx.Client, handler: Callable[..., str]) -> None:
    for runtime in ("nodejs", "go", "java"):
        path = made(api, "", implementation={"runtime": runtime, "entry_point": "./index.js"})
        assert status(api, path) == "installed"
        answer = execute(api, path)
        assert error(answer) == (500, "5002", "implementation.runtime")
        assert runtime in answer.json()["error"]["details"]["reason"]
        assert status(api, path) == "failed"
    path = made(api, "os:system")
    assert error(execute(api, path)) == (500, "5002", "implementation.entry_point")
    assert status(api, path) == "failed"
    register_extension("os:system", "1.0.0", str)
    try:
        assert data(execute(api, path, 1))["output"] == "1"
    finally:
        unregister_extension("os:system")
    assert status(api, path) == "active"
    other = made(api, handler(str, version="1.2.0"))
    assert "1.2.0" in execute(api, other).json()["error"]["details"]["reason"]


def test_a_disabled_extension_is_not_run(api: httpx.Client, handler: Callable[..., str]) -> None:
    path = made(api, handler(str), lifecycle={"status": "disabled"})
    assert error(execute(api, path)) == (405, "4005", "lifecycle.status")
    assert status(api, path) == "disabled"


@pytest.mark.requirement("EP-EXTENSIONS-EXECUTE")
def test_a_repeat_under_one_key_runs_once(api: httpx.Client, handler: Callable[..., str]) -> None:
    calls: list[Any] = []
    path, key = made(api, handler(calls.append)), {"idempotency-key": str(uuid.uuid4())}

    def send(given: int) -> httpx.Response:
        return api.post(f"{path}/execute", json={"input": given}, headers=key)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, [1] * 16))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json()["data"]) for answer in answers}) == 1
    assert error(send(2)) == (409, "4003", "Idempotency-Key")
    assert calls == [1]


@pytest.mark.requirement("EP-EXTENSIONS-RELOAD")
def test_a_reload_moves_to_another_version(api: httpx.Client, handler: Callable[..., str]) -> None:
    name = handler(lambda _: "old")
    path = made(api, name)
    register_extension(name, "1.1.0", lambda _: "new")
    assert data(execute(api, path))["output"] == "old"
    before = data(api.get(path))
    moved = data(api.put(f"{path}/reload", json={"version": "1.1.0"}))
    assert (moved["version"], moved["lifecycle"]["status"]) == ("1.1.0", "active")
    assert moved["lifecycle"]["last_update"] > before["lifecycle"]["last_update"]
    assert moved["lifecycle"]["install_date"] == before["lifecycle"]["install_date"]
    assert data(execute(api, path))["output"] == "new"


@pytest.mark.requirement("EP-EXTENSIONS-RELOAD")
def test_a_reload_that_cannot_be_keeps_or_fails_the_extension(
    api: httpx.Client, handler: Callable[..., str]
) -> None:
    path = made(api, handler(str))
    before = data(api.get(path))
    answer = api.put(f"{path}/reload", json={"version": "2.0.0"})
    assert error(answer) == (400, "5004", "version")
    answer = api.put(f"{path}/reload", json={"version": "1.9.0", "update_strategy": "rolling"})
    assert error(answer) == (500, "5002", "implementation.entry_point")
    assert data(api.get(path)) == before
    assert error(api.put(f"{path}/reload", json={}))[1:] == ("3002", "version")
    assert error(api.put(f"{path}/reload", json={"version": "one"}))[1:] == ("3003", "version")
    answer = api.put(f"{path}/reload", json={"version": "1.9.0", "update_strategy": "immediate"})
    assert error(answer)[:2] == (500, "5002")
    assert status(api, path) == "failed"


@pytest.mark.requirement("EP-EXTENSIONS-RELOAD")
@pytest.mark.parametrize("strategy", ["rolling", "immediate"])
def test_calls_under_way_end_as_the_strategy_says(
    api: httpx.Client, handler: Callable[..., str], strategy: str
) -> None:
    began, release = threading.Event(), threading.Event()

    def wait(_: Any) -> str:
        began.set()
        return "old" if release.wait(30) else "late"

    name = handler(wait)
    path = made(api, name)
    register_extension(name, "1.1.0", lambda _: "new")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(execute, api, path)
        assert began.wait(30)
        data(api.put(f"{path}/reload", json={"version": "1.1.0", "update_strategy": strategy}))
        assert data(execute(api, path))["output"] == "new"
        if strategy == "rolling":
            release.set()
            assert data(running.result(30))["output"] == "old"
        else:
            assert error(running.result(30))[:2] == (500, "5003")
            release.set()


def test_a_package_brings_handlers_by_its_entry_points(
    api: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weather_extension.py").write_text(
        "from mplp_mock_server.extensions import ExtensionHandler\n"
        "both = [\n"
        "    ExtensionHandler(name='weather', version=version, handler=lambda _, v=version: v)\n"
        "    for version in ('1.0.0', '1.1.0')\n"
        "]\n"
        "other = ExtensionHandler(name='other', version='1.0.0', handler=str)\n"
    )
    info = tmp_path / "weather-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weather\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mplp.extensions]\n"
        "weather = weather_extension:both\n"
        "broken = no_such_module:x\n"
        "mislabelled = weather_extension:other\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert data(execute(api, made(api, "weather", version="1.1.0")))["output"] == "1.1.0"
        for name, word in (("broken", "no_such_module"), ("mislabelled", "mislabelled")):
            answer = execute(api, made(api, name))
            assert error(answer) == (500, "5002", "implementation.entry_point")
            assert word in answer.json()["error"]["details"]["reason"]
    finally:
        unregister_extension("weather")
