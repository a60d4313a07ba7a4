"""What is not as it should be, at every operation there is: the right code, no 5xx, and nothing stored.

The operations, their parameters and what they take are read from `/openapi.json`, so that a new one is tried
without being named here. Its examples are sent first: what they refer to is there.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer

Json = dict[str, Any]

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}

BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "3003"),
    ("blank", b"  \n", "3003"),
    ("not json", b"{'a': 1}", "3003"),
    ("cut short", b'{"name": "p", "tasks": [', "3003"),
    ("two values", b"{} {}", "3003"),
    ("trailing comma", b'{"name": "p",}', "3003"),
    ("comment", b'{"name": "p" /* no */}', "3003"),
    ("nan", b'{"name": "p", "tasks": [], "x": NaN}', "3003"),
    ("infinity", b'{"name": "p", "tasks": [], "x": -Infinity}', "3003"),
    ("beyond doubles", b'{"name": "p", "tasks": [], "x": 1e999}', "3003"),
    ("endless number", b'{"name": "p", "tasks": [], "x": ' + b"9" * 5000 + b"}", "3003"),
    ("duplicate", b'{"name": "p", "tasks": [], "name": "q"}', "3003"),
    ("deep duplicate", b'{"name": "p", "tasks": [], "x": [{"a": 1, "\\u0061": 2}]}', "3003"),
    ("half a pair", b'{"name": "\\ud800", "tasks": []}', "3003"),
    ("latin-1", '{"name": "ü", "tasks": []}'.encode("latin-1"), "3003"),
    ("utf-16", '{"name": "p", "tasks": []}'.encode("utf-16"), "3003"),
    ("byte order mark", b'\xef\xbb\xbf{"name": "p", "tasks": []}', "3003"),
    ("control character", b'{"name": "a\x01", "tasks": []}', "3003"),
    ("list", b"[]", "3006"),
    ("null", b"null", "3006"),
    ("number", b"7", "3006"),
    ("text", b'"{}"', "3006"),
    ("true", b"true", "3006"),
    ("65 levels", b'{"name": "p", "tasks": [], "x": ' + b"[" * 64 + b"]" * 64 + b"}", "3004"),
    ("5000 levels", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "3004"),
    ("8 million levels", b"[" * 8_000_000, "3004"),
    ("too large", b'{"name": "' + b"x" * 2**23 + b'", "tasks": []}', "3004"),
]
SHAPES = {"list", "null", "number", "text", "true"}
"""Names of the bodies that are good JSON, and of another shape."""


class Bench:
    """A server that knows what the examples are about, and what its document says."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._address = host, int(port)
        self.client = httpx.Client(base_url=url)
        self.document: Json = self.client.get("/openapi.json").json()
        self.operations = [
            Described(method.upper(), base_of(item, self.document), path, one, self.document)
            for path, item in self.document["paths"].items()
            for method, one in item.items()
            if method != "servers"
        ]
        for name in (*MADE_FIRST, *MADE_NEXT):
            answer = self.send(self.find(name))
            assert answer.status_code in (200, 201), answer.text

    def find(self, name: str) -> Described:
        return next(one for one in self.operations if one.name == name)

    def send(self, operation: Described, content: bytes | None = None, **headers: str) -> httpx.Response:
        """A request with what the examples say where nothing else is given."""
        body = operation.example if content is None else content
        kind = {"content-type": operation.media} if operation.media else {}
        return self.client.request(
            operation.method, operation.address(), content=body, headers={**kind, **headers}
        )

    def send_to(self, operation: Described, **raw: str) -> tuple[int, Json]:
        """A request to an address whose parts are sent as they are here."""
        connection = http.client.HTTPConnection(*self._address, timeout=30)
        try:
            kind = {"content-type": operation.media} if operation.media else {}
            connection.request(operation.method, operation.address(**raw), operation.example, kind)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else {}
        finally:
            connection.close()

    def everything(self) -> Json:
        """All that is stored."""
        return {
            one.name: self.client.get(one.address(), params={"pageSize": 1000} if one.is_list else {}).json()
            for one in self.operations
            if one.method == "GET" and one.name in SHOWS_ALL
        }


MADE_FIRST = ("createContext", "createPlan", "createRole", "createExtension", "createTrace")
MADE_NEXT = ("createConfirmation", "createExecution", "addContextParticipant", "setContextVariable")
SHOWS_ALL = {
    "listContexts", "listPlans", "listConfirmations", "listTraces", "listRoles", "listExtensions",
    "listExecutions", "listStreams", "listSpans", "getContext", "listContextVariables",
    "listContextSnapshots", "listContextParticipants", "listExecutionLogs",
}  # fmt: skip


@dataclass(frozen=True)
class Described:
    """One operation, as the document tells it."""

    method: str
    base: str
    path: str
    told: Json
    document: Json

    @property
    def name(self) -> str:
        name: str = self.told["operationId"]
        return name

    @property
    def is_list(self) -> bool:
        return any(one.get("name") == "pageSize" for one in self.told.get("parameters", []))

    @property
    def holes(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def media(self) -> str | None:
        return next(iter(self.told["requestBody"]["content"])) if "requestBody" in self.told else None

    @property
    def takes_json(self) -> bool:
        return self.media == "application/json"

    @property
    def example(self) -> bytes | None:
        if self.media is None:
            return None
        found = self.told["requestBody"]["content"][self.media]["example"]
        return found.encode() if isinstance(found, str) else json.dumps(found).encode()

    @property
    def schema(self) -> Json:
        assert self.media is not None
        return self.resolve(self.told["requestBody"]["content"][self.media]["schema"])

    def resolve(self, schema: Json) -> Json:
        """What a reference leads to, and what stands beside null; {} where that is more than one thing."""
        if "$ref" in schema:
            return self.resolve(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if "anyOf" not in schema:
            return schema
        alternatives = [one for one in schema["anyOf"] if one != {"type": "null"}]
        return self.resolve(alternatives[0]) if len(alternatives) == 1 else {}

    def address(self, **raw: str) -> str:
        given = {
            one["name"]: raw.get(one["name"], one["example"])
            for one in self.told.get("parameters", [])
            if one.get("in") == "path"
        }
        return self.base + self.path.format(**given)


def base_of(item: Json, document: Json) -> str:
    base: str = item.get("servers", document["servers"])[0]["url"]
    return base.rstrip("/")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with MockServer() as server:
        bench = Bench(server.url)
        with contextlib.closing(bench.client):
            yield bench


@pytest.fixture
def nothing_stored(bench: Bench) -> Iterator[None]:
    before = bench.everything()
    yield
    after = bench.everything()
    for told in (*before.values(), *after.values()):
        del told["metadata"]
    assert after == before


def refused(answer: httpx.Response | tuple[int, Json]) -> tuple[str, str]:
    """Code and field of a refusal, which also gives its reason."""
    status, told = answer if isinstance(answer, tuple) else (answer.status_code, answer.json())
    assert 400 <= status < 500, told
    error = told["error"]
    assert error["message"]
    assert error["details"]["reason"], error
    return error["code"], error["details"]["field"]


@pytest.mark.requirement("LIMIT-BODY", "LIMIT-JSON-DEPTH", "LIMIT-STRICT-JSON")
@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("name", "body", "code"), BODIES, ids=[row[0] for row in BODIES])
def test_a_body_that_is_wrong_is_refused_everywhere(bench: Bench, name: str, body: bytes, code: str) -> None:
    for operation in bench.operations:
        if not operation.takes_json or (name == "empty" and operation.name == "removeDependency"):
            continue
        if name in SHAPES and not operation.schema.get("type"):
            continue  # any JSON will do
        if name == "list" and operation.schema["type"] == "array":
            continue
        assert refused(bench.send(operation, body)) == (code, "body"), operation.name


ZEROS = bytes(2**23 + 1)
PACKED: list[tuple[str, str, bytes, tuple[str, str]]] = [
    ("gzip bomb", "gzip", gzip.compress(ZEROS), ("3004", "body")),
    ("gzip bombs in a row", "gzip", gzip.compress(ZEROS[: 2**22]) * 3, ("3004", "body")),
    ("broken gzip", "gzip", gzip.compress(b"{}")[:-9], ("3003", "body")),
    ("no gzip", "gzip", b"{}", ("3003", "body")),
    ("zlib as gzip", "gzip", zlib.compress(b"{}"), ("3003", "body")),
    ("no zstd", "zstd", b"{}", ("3003", "body")),
    ("brotli", "br", b"{}", ("3003", "Content-Encoding")),
    ("two encodings", "gzip, gzip", gzip.compress(gzip.compress(b"{}")), ("3003", "Content-Encoding")),
]


@pytest.mark.requirement("LIMIT-BODY", "INGEST-BODY-LIMIT")
@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("encoding", "body", "expected"), [row[1:] for row in PACKED], ids=[row[0] for row in PACKED]
)
def test_a_body_that_is_packed_wrongly_is_refused_everywhere(
    bench: Bench, encoding: str, body: bytes, expected: tuple[str, str]
) -> None:
    for operation in bench.operations:
        if operation.media is not None:
            answer = bench.send(operation, body, **{"content-encoding": encoding})
            assert refused(answer) == expected, operation.name


@pytest.mark.requirement("LIMIT-BODY", "INGEST-BODY-LIMIT")
@pytest.mark.usefixtures("nothing_stored")
def test_a_zstd_bomb_is_refused_everywhere(bench: Bench) -> None:
    zstandard = pytest.importorskip("zstandard")
    bombs = [zstandard.compress(ZEROS), zstandard.compress(ZEROS[: 2**22]) * 3]
    for operation in bench.operations:
        for bomb in bombs:
            if operation.media is not None:
                answer = bench.send(operation, bomb, **{"content-encoding": "zstd"})
                assert refused(answer) == ("3004", "body"), operation.name


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "json", "a" * 500]
)
def test_another_content_type_is_refused_everywhere(bench: Bench, content_type: str) -> None:
    for operation in bench.operations:
        if operation.media is not None:
            answer = bench.send(operation, **{"content-type": content_type})
            assert refused(answer) == ("3003", "Content-Type"), operation.name


UNFIT = ["%00", "%0A", "a%07", "%7F", "%C2%85", "%E2%80%AE", "%E2%80%8B", "x" * 256]
"""What no identifier may hold: control characters, what turns the text around or cannot be seen, too much."""
UNREADABLE = ["%FF", "%C3", "%ED%A0%80", "%C0%AE"]
"""What is not UTF-8."""
STRANGE = ["%2F", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "%25", "%C3%BC", "a%20b", "%22%27", "%3Cscript%3E", "~"]
"""What may well be an identifier, but of nothing that there is."""


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("raw", UNFIT)
def test_an_id_in_the_path_that_is_none_is_refused_everywhere(bench: Bench, raw: str) -> None:
    for operation, hole in holes(bench):
        answer = bench.send_to(operation, **{hole: raw})
        if hole.endswith("_id"):
            assert refused(answer)[0] == "3003", operation.name
        else:
            assert answer[1]["error"]["code"] in ("3003", "3004", "4001"), operation.name


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("raw", UNREADABLE)
def test_a_path_that_is_not_utf_8_is_refused_everywhere(bench: Bench, raw: str) -> None:
    for operation, hole in holes(bench):
        assert refused(bench.send_to(operation, **{hole: raw})) == ("3003", "path"), operation.name


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("raw", STRANGE)
def test_an_id_that_looks_strange_is_just_not_found(bench: Bench, raw: str) -> None:
    for operation, hole in holes(bench):
        if operation.name in ("createToken", "restoreContext"):
            continue
        status, told = bench.send_to(operation, **{hole: raw})
        assert (status, told["error"]["code"]) in ((404, "4001"), (404, "5001")), (operation.name, told)


def holes(bench: Bench) -> Iterator[tuple[Described, str]]:
    for operation in bench.operations:
        for hole in operation.holes:
            yield operation, hole


QUERIES = [
    ("page=0", "3004"), ("page=-1", "3004"), ("page=first", "3003"), ("page=1.5", "3003"), ("page=", "3003"),
    ("page=1e3", "3003"), ("page=%D9%A1", "3003"), (f"page={'9' * 5000}", "3004"), ("pageSize=0", "3004"),
    ("pageSize=1001", "3004"), ("page=1&page=2", "3003"), ("sort=nothing", "3003"), ("sort=", "3003"),
    ("sort=--id", "3003"), ("pagesize=5", "3003"), ("%00=1", "3003"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code"), QUERIES, ids=[row[0][:20] for row in QUERIES])
def test_a_page_that_cannot_be_is_refused_by_every_list(bench: Bench, query: str, code: str) -> None:
    for operation in bench.operations:
        if operation.is_list:
            answer = bench.client.get(f"{operation.address()}?{query}")
            assert refused(answer)[0] == code, operation.name


@pytest.mark.parametrize("raw", ["", "%00", "a%07", "x" * 256])
def test_a_filter_that_nothing_can_match_is_refused_by_every_list(bench: Bench, raw: str) -> None:
    for operation in bench.operations:
        for one in operation.told.get("parameters", []):
            if operation.is_list and one.get("in") == "query" and one["schema"].get("minLength"):
                answer = bench.client.get(f"{operation.address()}?{one['name']}={raw}")
                assert refused(answer) == ("3003", one["name"]), operation.name


def members(bench: Bench) -> Iterator[tuple[Described, Json, str, Json]]:
    """Operation, the object that its example is, and each member that its schema knows."""
    for operation in bench.operations:
        if not operation.takes_json:
            continue
        schema = operation.schema
        if schema.get("type") == "array":
            schema = operation.resolve(schema["items"])
        for name, member in schema.get("properties", {}).items():
            yield operation, schema, name, operation.resolve(member)


def with_member(operation: Described, name: str, value: Any) -> bytes:
    """The example with one member otherwise; without it where `value` is `...`."""
    body = json.loads(operation.example or b"")
    obj = body[0] if isinstance(body, list) else body
    obj[name] = value
    if value is ...:
        del obj[name]
    return json.dumps(body).encode()


def field_of(operation: Described, name: str) -> str:
    return f"[0].{name}" if operation.schema.get("type") == "array" else name


@pytest.mark.usefixtures("nothing_stored")
def test_a_required_member_that_is_missing_is_named(bench: Bench) -> None:
    tried = 0
    for operation, schema, name, _ in members(bench):
        if name in schema.get("required", []):
            answer = bench.send(operation, with_member(operation, name, ...))
            assert refused(answer) == ("3002", field_of(operation, name)), operation.name
            tried += 1
    assert tried > 40


WRONG: dict[str, list[Any]] = {
    "string": [7, True, [], {}], "integer": ["7", True, [], {}, 1.5], "number": ["x", True, [], {}],
    "boolean": ["true", 1, [], {}], "array": ["x", 7, True, {}], "object": ["x", 7, True, []],
}  # fmt: skip
"""Values of other types."""


@pytest.mark.usefixtures("nothing_stored")
def test_a_member_of_another_type_is_named(bench: Bench) -> None:
    tried = 0
    for operation, _, name, schema in members(bench):
        for value in WRONG.get(schema.get("type", ""), []):
            if (operation.name, name, value) == ("decideConfirmation", "comments", "x"):
                continue  # one comment need not be a list
            code, field = refused(bench.send(operation, with_member(operation, name, value)))
            assert code in ("3001", "3003", "3006"), (operation.name, name, value, code)
            assert field.startswith(field_of(operation, name)), (operation.name, name, value, field)
            tried += 1
    assert tried > 500


@pytest.mark.usefixtures("nothing_stored")
def test_an_unknown_value_of_an_enumeration_is_named(bench: Bench) -> None:
    tried = 0
    for operation, _, name, schema in members(bench):
        for value in ("nothing of the kind", "", "ACTIVE") if "enum" in schema else ():
            code, field = refused(bench.send(operation, with_member(operation, name, value)))
            assert code == ("3004" if name == "command" else "3001"), (operation.name, name, value)
            assert field == field_of(operation, name), (operation.name, field)
            tried += 1
    assert tried > 40


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
@pytest.mark.usefixtures("nothing_stored")
def test_a_key_that_is_none_is_refused_by_every_post(bench: Bench, key: str) -> None:
    for operation in bench.operations:
        if operation.method == "POST":
            answer = bench.send(operation, **{"idempotency-key": key})
            assert refused(answer) == ("3003", "Idempotency-Key"), operation.name


ANY_KIND: list[tuple[str, str, str]] = [
    ("twice", '{"kind": "KIND", "object": {%s}, "kind": "KIND"}', "3003"),
    ("twice inside", '{"kind": "KIND", "object": {%s, "note": 1, "note": 2}}', "3003"),
    ("twice deep inside", '{"kind": "KIND", "object": {%s, "x": [{"a": 1, "\\u0061": 2}]}}', "3003"),
    ("nan", '{"kind": "KIND", "object": {%s, "x": NaN}}', "3003"),
    ("infinity", '{"kind": "KIND", "object": {%s, "x": -Infinity}}', "3003"),
    ("beyond doubles", '{"kind": "KIND", "object": {%s, "x": 1e999}}', "3003"),
    ("beyond doubles beside", '{"kind": "KIND", "object": {%s}, "x": -1E999}', "3003"),
    ("endless number", '{"kind": "KIND", "object": {%s, "x": ' + "9" * 5000 + "}}", "3003"),
    ("half a pair", '{"kind": "KIND", "object": {%s, "x": "\\ud800"}}', "3003"),
    ("65 levels", '{"kind": "KIND", "object": {%s, "x": ' + "[" * 63 + "]" * 63 + "}}", "3004"),
    ("65 levels beside", '{"kind": "KIND", "object": {%s}, "x": ' + "[" * 64 + "]" * 64 + "}", "3004"),
    ("100000 levels", '{"kind": "KIND", "object": {%s, "x": ' + "[" * 100_000, "3004"),
    ("unknown kind", '{"kind": "wish", "object": {%s}}', "3001"),
    ("kind of another type", '{"kind": 7, "object": {%s}}', "3006"),
    ("no kind", '{"object": {%s}}', "3002"),
    ("object of another type", '{"kind": "KIND", "object": [{%s}]}', "3006"),
    ("id there twice", '{"kind": "KIND", "object": {%s, "id": "another"}}', "3003"),
]
CONTEXT = {"version": "1.0.0", "status": "active", "lifecycle_stage": "planning", "shared_state": {}}


@pytest.mark.requirement("INGEST-BAD-LINE", "LIMIT-STRICT-JSON")
@pytest.mark.parametrize("kind", ["context", "trace"])
@pytest.mark.parametrize(("line", "code"), [row[1:] for row in ANY_KIND], ids=[row[0] for row in ANY_KIND])
def test_a_line_that_is_wrong_is_refused_and_the_next_one_stored(
    bench: Bench, make_span: Callable[..., Json], line: str, code: str, kind: str
) -> None:
    wrong = {"id": str(uuid.uuid4()), **CONTEXT} if kind == "context" else make_span()
    text = line.replace("KIND", kind) % json.dumps(wrong)[1:-1]
    error = refused_line(bench, text, make_span())
    assert error["code"] == code, error
    assert error["details"]["field"], error
    assert error["details"]["reason"], error
    own = f"contexts/{wrong['id']}" if kind == "context" else f"traces/{wrong['trace_id']}"
    assert bench.client.get(f"/v1.0/{own}").status_code == 404


MEMBERS: list[tuple[str, Json, str, str]] = [
    ("context", {"status": "gone"}, "3001", "status"),
    ("context", {"shared_state": []}, "3006", "shared_state"),
    ("context", {"id": "bell\u0007"}, "3003", "id"),
    ("context", {"id": 7}, "3006", "id"),
    ("context", {"version": None}, "3006", "version"),
    ("context", {"metadata": {"updated_at": "yesterday"}}, "3003", "metadata.updated_at"),
    ("trace", {"action": {"name": "a", "type": "dance"}}, "3001", "action.type"),
    ("trace", {"action": {"type": "invoke"}}, "3002", "action.name"),
    ("trace", {"timestamp": {"start": "yesterday"}}, "3003", "timestamp.start"),
    ("trace", {"trace_id": "bell\u0007"}, "3003", "trace_id"),
    ("trace", {"metadata": {"correlation_id": "\u202e"}}, "3003", "metadata.correlation_id"),
    ("trace", {"performance": {"duration": "soon"}}, "3003", "performance.duration"),
]


@pytest.mark.requirement("INGEST-BAD-LINE")
@pytest.mark.parametrize(("kind", "member", "code", "field"), MEMBERS)
def test_a_member_of_a_line_that_is_wrong_is_named(
    bench: Bench, make_span: Callable[..., Json], kind: str, member: Json, code: str, field: str
) -> None:
    whole = {"id": str(uuid.uuid4()), **CONTEXT} if kind == "context" else make_span()
    error = refused_line(bench, json.dumps({"kind": kind, "object": {**whole, **member}}), make_span())
    assert (error["code"], error["details"]["field"]) == (code, field), error


def refused_line(bench: Bench, line: str, good: Json) -> Json:
    """Why the line was refused; the good span that comes after it is stored."""
    body = f"{line}\n{json.dumps({'kind': 'trace', 'object': good})}\n"
    told = bench.client.post("/v1.0/ingest", content=body, headers=NDJSON).json()["data"]
    assert (told["accepted"], [one["line"] for one in told["rejected"]]) == (1, [1]), told
    assert bench.client.get(f"/v1.0/traces/{good['trace_id']}").status_code == 200
    error: Json = told["rejected"][0]["error"]
    return error


@pytest.mark.requirement("LIMIT-JSON-DEPTH")
def test_64_levels_are_taken() -> None:
    body = b'{"name": "p", "tasks": [], "x": ' + b"[" * 63 + b"]" * 63 + b"}"
    braces = json.dumps({"name": "p", "tasks": [], "x": "{[" * 1000}).encode()
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        for taken in (body, braces):
            assert api.post("/plans", content=taken, headers=JSON).status_code == 201


@pytest.mark.requirement("LIMIT-BODY")
def test_8_mib_are_taken() -> None:
    frame = b'{"name": "p", "tasks": [], "x": "%s"}'
    body = frame % (b"x" * (2**23 - len(frame) + 2))
    assert len(body) == 2**23
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert api.post("/plans", content=body, headers=JSON).status_code == 201


@pytest.mark.requirement("LIMIT-BODY")
def test_a_body_without_a_length_is_limited_too(api: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"x": "'
        for _ in range(9):
            yield b"x" * 2**20
        yield b'"}'

    answer = api.post("/contexts", content=chunks(), headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3004")
    assert api.get("/contexts").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"content-type": ""}])
def test_a_body_that_does_not_say_what_it_is_is_refused(api: httpx.Client, headers: dict[str, str]) -> None:
    assert refused(api.post("/contexts", content=b"{}", headers=headers)) == ("3003", "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_be_spelt_in_any_way(content_type: str) -> None:
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert api.post("/contexts", content=b"{}", headers={"content-type": content_type}).status_code == 201
        packed = {"content-type": content_type, "content-encoding": "gzip"}
        assert api.post("/contexts", content=gzip.compress(b"{}"), headers=packed).status_code == 201


@pytest.mark.parametrize("member", ["context_id", "plan_id"])
def test_ids_that_refer_to_others_are_ids_too(api: httpx.Client, member: str) -> None:
    body = {"target": {"type": "task", "id": "t"}, "type": "approval", member: "bell\x07"}
    told = api.post("/confirmations", json=body).json()["error"]
    assert (told["code"], told["details"]["field"]) == ("3003", member)


def exchange(server: MockServer, sent: bytes) -> bytes:
    """What comes back for these very bytes, until the server closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1.0/contexts HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /v1.0/contexts/\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"POST /v1.0/contexts HTTP/1.1\r\nhost: localhost\r\ncontent-length: ten\r\n\r\n",
        b"POST /v1.0/contexts HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET * HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ],
)
def test_what_is_not_http_ends_in_a_4xx_or_a_closed_connection(server: MockServer, sent: bytes) -> None:
    came = exchange(server, sent)
    assert not came or came.startswith(b"HTTP/1.1 4"), came
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_a_caller_who_leaves_in_the_middle_stores_nothing(server: MockServer, api: httpx.Client) -> None:
    own = str(uuid.uuid4())
    body = json.dumps({"id": own}).encode()
    head = (
        "POST /v1.0/contexts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) + 9}\r\n\r\n"
    )
    assert exchange(server, head.encode() + body) == b""
    assert api.get(f"/contexts/{own}").status_code == 404
