"""`/openapi.json`: a document by its standard, that names what is served and nothing else."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
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
