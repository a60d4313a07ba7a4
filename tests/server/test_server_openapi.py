"""`/openapi.json`: a document by its standard, that names what is served and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_pydantic import OpenAPI
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(server: Any) -> Json:
    answer = httpx.get(f"{server.url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    read: Json = answer.json()
    return read


@pytest.mark.requirement("EP-OPENAPI", "HTTP-BARE-ENDPOINTS")
def test_it_is_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    parsed = OpenAPI.model_validate(document)
    assert [server.url for server in parsed.servers] == ["/v1.0", "/api/v1/mplp"]


@pytest.mark.requirement("EP-OPENAPI")
def test_each_path_and_method_is_served_under_each_base(document: Json, root: httpx.Client) -> None:
    for path, item in document["paths"].items():
        bases = [server["url"].rstrip("/") for server in item.get("servers", document["servers"])]
        for base in bases:
            address = base + re.sub(r"\{\w+\}", "some", path)
            allowed = root.request("PATCH", address).headers["allow"].split(", ")
            assert allowed == sorted(method.upper() for method in item if method != "servers"), address


@pytest.mark.requirement("EP-OPENAPI")
def test_it_names_every_endpoint_that_there_is(document: Json) -> None:
    named = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method != "servers"
    }
    assert named == {
        "POST /contexts", "GET /contexts", "GET /contexts/{context_id}", "PUT /contexts/{context_id}",
        "DELETE /contexts/{context_id}", "PUT /contexts/{context_id}/status",
        "GET /contexts/{context_id}/state", "POST /contexts/{context_id}/sync",
        "GET /contexts/{context_id}/variables", "POST /contexts/{context_id}/variables",
        "GET /contexts/{context_id}/variables/{key}", "DELETE /contexts/{context_id}/variables/{key}",
        "GET /contexts/{context_id}/snapshots", "POST /contexts/{context_id}/snapshots",
        "POST /contexts/{context_id}/restore",
        "GET /contexts/{context_id}/participants", "POST /contexts/{context_id}/participants",
        "PUT /contexts/{context_id}/participants/{participant_id}",
        "DELETE /contexts/{context_id}/participants/{participant_id}",
        "POST /roles", "GET /roles", "GET /roles/{role_id}", "PUT /roles/{role_id}",
        "DELETE /roles/{role_id}", "POST /roles/{role_id}/inherit", "POST /roles/{role_id}/check",
        "POST /plans", "GET /plans", "GET /plans/{plan_id}", "PUT /plans/{plan_id}",
        "DELETE /plans/{plan_id}", "GET /plans/{plan_id}/status",
        "POST /plans/{plan_id}/tasks", "PUT /plans/{plan_id}/tasks/{task_id}",
        "DELETE /plans/{plan_id}/tasks/{task_id}", "POST /plans/{plan_id}/dependencies",
        "DELETE /plans/{plan_id}/dependencies", "POST /plans/{plan_id}/validate",
        "POST /plans/{plan_id}/optimize", "GET /plans/{plan_id}/timeline", "POST /plans/{plan_id}/execute",
        "POST /executions", "GET /executions", "GET /executions/{execution_id}",
        "POST /executions/{execution_id}/pause", "POST /executions/{execution_id}/resume",
        "POST /executions/{execution_id}/cancel", "GET /executions/{execution_id}/logs",
        "POST /executions/{execution_id}/commands", "GET /executions/{execution_id}/workspace",
        "POST /confirmations", "GET /confirmations", "GET /confirmations/{confirmation_id}",
        "POST /confirmations/{confirmation_id}/decide",
        "POST /traces", "POST /traces/batch", "GET /traces", "GET /traces/{trace_id}",
        "GET /traces/{trace_id}/spans",
        "POST /ingest", "GET /streams", "GET /streams/{stream_id}",
        "POST /extensions", "GET /extensions", "GET /extensions/{extension_id}",
        "DELETE /extensions/{extension_id}", "POST /extensions/{extension_id}/execute",
        "PUT /extensions/{extension_id}/reload",
        "POST /auth/token", "POST /auth/refresh", "POST /rpc",
        "GET /schemas", "GET /schemas/{module}", "POST /schemas/{module}/validate",
        "GET /health", "GET /ready", "GET /openapi.json", "GET /",
    }  # fmt: skip


def test_operation_ids_are_unique_and_references_lead_somewhere(document: Json) -> None:
    operations = [
        one for item in document["paths"].values() for name, one in item.items() if name != "servers"
    ]
    ids = [one["operationId"] for one in operations]
    assert len(set(ids)) == len(ids)
    for name in re.findall(r'"#/components/schemas/(\w+)"', str(document).replace("'", '"')):
        assert name in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


EXAMPLES = Path(__file__).parents[2] / "scripts" / "generate_examples.py"


def described(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from (one for name, one in item.items() if name != "servers")


def validator(document: Json) -> Callable[[Json, Any], None]:
    """Holds a value to a schema of the document, formats included."""
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    shared = {"components": document["components"]}

    def check(schema: Json, value: Any) -> None:
        jsonschema.Draft202012Validator({**shared, **schema}, format_checker=formats).validate(value)

    return check


@pytest.mark.requirement("EP-OPENAPI-EXAMPLES")
def test_every_example_is_valid(document: Json) -> None:
    check = validator(document)
    tried = 0
    for operation in described(document):
        bodies = (
            [operation["requestBody"], *operation["responses"].values()] if "requestBody" in operation else []
        )
        for body in bodies or operation["responses"].values():
            for kind, media in body.get("content", {}).items():
                for value in examples_of(media, document) if kind == "application/json" else ():
                    check(media["schema"], value)
                    tried += 1
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                check(parameter["schema"], parameter["example"])
    assert tried > 300


def examples_of(media: Json, document: Json) -> Iterator[Any]:
    if "example" in media:
        yield media["example"]
    for name, one in media.get("examples", {}).items():
        yield document["components"]["examples"][name]["value"] if "$ref" in one else one["value"]


@pytest.mark.requirement("EP-OPENAPI-EXAMPLES")
def test_every_operation_has_an_example_of_what_it_takes_and_answers(document: Json) -> None:
    for operation in described(document):
        if "requestBody" in operation:
            assert all("example" in media for media in operation["requestBody"]["content"].values())
        answers = [
            media
            for status, response in operation["responses"].items()
            for kind, media in response.get("content", {}).items()
            if status.startswith("2") and kind == "application/json"
        ]
        if answers and operation["operationId"] != "openapi":
            assert any("recorded" in media.get("examples", {}) for media in answers), operation["operationId"]


@pytest.mark.requirement("EP-OPENAPI-EXAMPLES")
def test_the_examples_are_what_the_server_answers() -> None:
    ran = subprocess.run([sys.executable, str(EXAMPLES), "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_it_says_who_may_ask_what_codes_come_and_where_to_go_on(document: Json) -> None:
    assert document["security"] == [{"key": []}, {"bearer": []}, {}]
    assert set(document["components"]["securitySchemes"]) == {"key", "bearer"}
    assert all(tag["description"] for tag in document["tags"])
    made = document["paths"]["/plans"]["post"]["responses"]
    codes = made["400"]["content"]["application/json"]["schema"]["allOf"][1]
    assert "3002" in codes["properties"]["error"]["properties"]["code"]["enum"]
    assert made["201"]["links"]["getPlan"] == {
        "operationId": "getPlan",
        "parameters": {"plan_id": "$response.body#/data/id"},
    }
    assert made["201"]["headers"]["ETag"] == {"$ref": "#/components/headers/ETag"}
    known = {operation["operationId"]: operation for operation in described(document)}
    for operation in known.values():
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                taken = {one.get("name") for one in known[link["operationId"]]["parameters"]}
                assert set(link["parameters"]) <= taken


def test_answers_are_what_it_says(document: Json, api: httpx.Client, make_span: Callable[..., Json]) -> None:
    registry = Registry().with_resource("urn:openapi", DRAFT202012.create_resource(document))

    def check(answer: httpx.Response, method: str, path: str) -> httpx.Response:
        responses = document["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (method, path, answer.text)
        told = responses[str(answer.status_code)].get("content")
        if told is not None:
            schema = {
                "$ref": "urn:openapi#/paths/"
                + "/".join(
                    part.replace("~", "~0").replace("/", "~1")
                    for part in (
                        path,
                        method.lower(),
                        "responses",
                        str(answer.status_code),
                        "content",
                        "application/json",
                        "schema",
                    )
                )
            }
            jsonschema.Draft202012Validator(schema, registry=registry).validate(answer.json())
        return answer

    context = check(
        api.post("/contexts", json={"shared_state": {"goals": [{"description": "d", "priority": 1}]}}),
        "POST",
        "/contexts",
    )
    own = context.json()["data"]["id"]
    check(api.get("/contexts"), "GET", "/contexts")
    check(api.get(f"/contexts/{own}"), "GET", "/contexts/{context_id}")
    check(api.get("/contexts/none"), "GET", "/contexts/{context_id}")
    check(
        api.put(f"/contexts/{own}/status", json={"status": "failed"}), "PUT", "/contexts/{context_id}/status"
    )
    check(
        api.put(f"/contexts/{own}/status", json={"status": "active"}), "PUT", "/contexts/{context_id}/status"
    )
    check(api.delete(f"/contexts/{own}"), "DELETE", "/contexts/{context_id}")
    plan = check(api.post("/plans", json={"name": "p", "tasks": [{"name": "t"}]}), "POST", "/plans").json()[
        "data"
    ]["id"]
    check(api.post("/plans", json={"name": 7}), "POST", "/plans")
    check(api.put(f"/plans/{plan}", json={"status": "approved"}), "PUT", "/plans/{plan_id}")
    check(api.get(f"/plans/{plan}/status"), "GET", "/plans/{plan_id}/status")
    asked = {"target": {"type": "task", "id": "t"}, "type": "approval"}
    asked_id = check(api.post("/confirmations", json=asked), "POST", "/confirmations").json()["data"]["id"]
    decide = "/confirmations/{confirmation_id}/decide"
    check(api.post(f"/confirmations/{asked_id}/decide", json={"decision": "approved"}), "POST", decide)
    check(api.post(f"/confirmations/{asked_id}/decide", json={"decision": "approved"}), "POST", decide)
    span = make_span(trace_id=str(uuid.uuid4()), result={"status": "success", "output": {}})
    check(api.post("/traces", json=span), "POST", "/traces")
    check(api.post("/traces/batch", json=[make_span()]), "POST", "/traces/batch")
    check(api.get("/traces"), "GET", "/traces")
    check(api.get(f"/traces/{span['trace_id']}"), "GET", "/traces/{trace_id}")
    check(api.get(f"/traces/{span['trace_id']}/spans"), "GET", "/traces/{trace_id}/spans")
    headers = {"content-type": "application/x-ndjson", "x-mplp-stream": "s", "x-mplp-sequence": "3"}
    check(api.post("/ingest", content=b"bad", headers=headers), "POST", "/ingest")
    check(api.get("/streams"), "GET", "/streams")
    check(api.get("/streams/s"), "GET", "/streams/{stream_id}")
