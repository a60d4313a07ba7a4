"""Endpoints of Extensions. Spec: protocol §2.1 extensions; Design, Extension API."""

from __future__ import annotations

from typing import Any, Unpack

from mplp_sdk.client._operations._call import (
    Call,
    PageData,
    deleting,
    given,
    listing,
    reading,
    segment,
    sending,
)
from mplp_sdk.models import Extension, ExtensionCall, ExtensionCreate, ExtensionResult, ReloadRequest
from mplp_sdk.models.extension import ExtensionStatus, ExtensionType, UpdateStrategy

__all__ = ["create", "delete", "execute", "get", "list", "reload"]


def create(**members: Unpack[ExtensionCreate]) -> Call[Extension]:
    """POST /extensions."""
    return sending("POST", "/extensions", ExtensionCreate, members, Extension)


def list(  # noqa: A001  # callers write extensions.list
    *,
    name: str | None = None,
    type: ExtensionType | None = None,  # noqa: A002  # the member's own name
    status: ExtensionStatus | None = None,
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Extension]]:
    """GET /extensions."""
    return listing(
        "/extensions",
        Extension,
        page=page,
        page_size=page_size,
        sort=sort,
        name=name,
        type=type,
        status=status,
    )


def get(extension_id: str) -> Call[Extension]:
    """GET /extensions/{extension_id}."""
    return reading(_path(extension_id), Extension)


def delete(extension_id: str, *, if_match: str | None = None) -> Call[None]:
    """DELETE /extensions/{extension_id}."""
    return deleting(_path(extension_id), if_match=if_match)


def execute(
    extension_id: str,
    input: Any,  # noqa: A002  # the member's own name
    *,
    context_id: str | None = None,
    timeout: float | None = None,
) -> Call[ExtensionResult]:
    """POST /extensions/{extension_id}/execute."""
    milliseconds = None if timeout is None else timeout * 1000
    told = {"input": input, **given(context_id=context_id, timeout=milliseconds)}
    return sending("POST", f"{_path(extension_id)}/execute", ExtensionCall, told, ExtensionResult)


def reload(
    extension_id: str,
    version: str,
    *,
    update_strategy: UpdateStrategy | None = None,
    if_match: str | None = None,
) -> Call[Extension]:
    """PUT /extensions/{extension_id}/reload."""
    asked = given(version=version, update_strategy=update_strategy)
    path = f"{_path(extension_id)}/reload"
    return sending("PUT", path, ReloadRequest, asked, Extension, if_match=if_match)


def _path(extension_id: str) -> str:
    return f"/extensions/{segment(extension_id=extension_id)}"
