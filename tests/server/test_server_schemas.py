"""`/schemas`: the JSON Schemas, and the verdict over any JSON."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest

from mplp_sdk import validate
from mplp_sdk.models import STRICT, SchemaList, ValidationReport
from mplp_sdk.protocol.schemas import schema
from samples import SAMPLES, sample

Json = dict[str, Any]

JSON = {"content-type": "application/json"}


@pytest.mark.requirement("EP-SCHEMAS-LIST")
def test_all_schemas_are_listed(api: httpx.Client) -> None:
    told = api.get("/schemas").json()["data"]
    SchemaList.model_validate(told, context=STRICT)
    assert [one["module"] for one in told["schemas"]] == list(SAMPLES)
    assert {one["id"] for one in told["schemas"]} == {schema(kind)["$id"] for kind in SAMPLES}


@pytest.mark.requirement("EP-SCHEMAS-GET", "HTTP-BARE-ENDPOINTS")
@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_schema_comes_without_an_envelope(api: httpx.Client, kind: str) -> None:
    answer = api.get(f"/schemas/{kind}")
    assert answer.json() == schema(kind)
    jsonschema.Draft202012Validator.check_schema(answer.json())
    jsonschema.Draft202012Validator(answer.json()).validate(sample(kind))


@pytest.mark.requirement("EP-SCHEMAS-VALIDATE")
@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_verdict_is_the_one_that_is_given_offline(api: httpx.Client, kind: str) -> None:
    for body in (sample(kind), {**sample(kind), "id": 7}, {}, [], None, 7, "text"):
        answer = api.post(f"/schemas/{kind}/validate", content=json.dumps(body), headers=JSON)
        assert answer.status_code == 200, answer.text
        told = answer.json()["data"]
        ValidationReport.model_validate(told, context=STRICT)
        offline = validate(body, kind=kind).to_wire()
        for one in (told, offline):
            del one["metadata"]["validationTime"]
        assert told == offline
    assert api.post(f"/schemas/{kind}/validate", json={}).json()["data"]["valid"] is False


@pytest.mark.parametrize(("method", "path"), [("GET", "/schemas/cat"), ("POST", "/schemas/cat/validate")])
def test_an_unknown_kind_is_not_found(api: httpx.Client, method: str, path: str) -> None:
    answer = api.request(method, path, json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "4001")


@pytest.mark.parametrize(
    ("body", "code"), [(b"{", "3003"), (b'{"a": NaN}', "3003"), (b"[" * 65 + b"]" * 65, "3004")]
)
def test_what_is_no_json_gets_no_verdict(api: httpx.Client, body: bytes, code: str) -> None:
    answer = api.post("/schemas/plan/validate", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
