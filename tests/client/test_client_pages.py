"""Lists that walk their own pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from mplp_sdk import errors
from mplp_sdk.client import calls

Connect = Callable[..., Any]
BASE = "http://mplp.test"


def serve(request: httpx.Request, total: int = 5) -> httpx.Response:
    page, size = int(request.url.params["page"]), int(request.url.params["pageSize"])
    numbers = range((page - 1) * size, min(page * size, total))
    pagination = {
        "page": page,
        "pageSize": size,
        "total": total,
        "totalPages": -(-total // size),
        "hasNext": page * size < total,
        "hasPrev": page > 1,
    }
    items = [{"id": f"p{number}", "name": "p", "tasks": []} for number in numbers]
    return httpx.Response(200, json={"success": True, "data": {"items": items, "pagination": pagination}})


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE) as router:
        router.get("/v1.0/plans").mock(side_effect=serve)
        yield router


@pytest.mark.requirement("LIST-PAGINATION")
def test_iterating_reads_page_after_page(connect: Connect, router: respx.MockRouter) -> None:
    found = connect(BASE).items(lambda client: client.plans.list(page_size=2, status="draft"))
    assert [plan.id for plan in found] == ["p0", "p1", "p2", "p3", "p4"]
    asked = [dict(call.request.url.params) for call in router.calls]
    assert asked == [{"page": str(n), "pageSize": "2", "status": "draft"} for n in (1, 2, 3)]


@pytest.mark.requirement("LIST-PAGINATION")
def test_one_page_at_a_time(connect: Connect, router: respx.MockRouter) -> None:
    call = connect(BASE)
    page = call(lambda client: client.plans.list(page=2, page_size=2))
    assert [plan.id for plan in page.items] == ["p2", "p3"]
    assert page.pagination.model_dump() == {
        "page": 2,
        "page_size": 2,
        "total": 5,
        "total_pages": 3,
        "has_next": True,
        "has_prev": True,
    }
    assert "2 of 3" in repr(page)
    last = call(lambda _: page.next_page())
    assert [plan.id for plan in last.items] == ["p4"]
    assert call(lambda _: last.next_page()) is None
    assert router.calls.call_count == 2


def test_iterating_from_a_page_goes_on_from_there(connect: Connect, router: respx.MockRouter) -> None:
    call = connect(BASE)
    page = call(lambda client: client.plans.list(page=2, page_size=2))
    assert [plan.id for plan in call.items(lambda _: page)] == ["p2", "p3", "p4"]
    assert [plan.id for plan in call.items(lambda _: page)] == ["p2", "p3", "p4"]


def test_a_server_that_never_ends_a_list_is_left_at_an_empty_page(connect: Connect) -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        body = serve(request).json()
        body["data"]["pagination"]["hasNext"] = True
        return httpx.Response(200, json=body)

    with respx.mock(base_url=BASE) as router:
        router.get("/v1.0/plans").mock(side_effect=endless)
        assert len(connect(BASE).items(lambda client: client.plans.list(page_size=5))) == 5
        assert router.calls.call_count == 2


def test_a_page_that_fails_raises_in_the_walk(connect: Connect) -> None:
    with respx.mock(base_url=BASE) as router:
        router.get("/v1.0/plans", params={"page": "2"}).respond(
            403, json={"success": False, "error": {"code": "2004", "message": "not that one"}}
        )
        router.get("/v1.0/plans").mock(side_effect=serve)
        with pytest.raises(errors.InsufficientPermissions):
            connect(BASE).items(lambda client: client.plans.list(page_size=2))


def test_a_page_as_a_raw_reply(connect: Connect, router: respx.MockRouter) -> None:
    reply = connect(BASE)(lambda client: client.send(calls.plans.list(page_size=3)))
    assert reply.status == 200
    assert [plan.id for plan in reply.parsed.items] == ["p0", "p1", "p2"]


def test_a_list_of_another_shape_is_an_invalid_response(connect: Connect) -> None:
    with respx.mock(base_url=BASE) as router:
        router.get("/v1.0/plans").respond(json={"success": True, "data": {"plans": []}})
        with pytest.raises(errors.InvalidResponse):
            connect(BASE).items(lambda client: client.plans.list())
