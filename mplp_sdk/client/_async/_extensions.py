"""`client.extensions`."""

from __future__ import annotations

from typing import Any, Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import extensions
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import Extension, ExtensionCreate, ExtensionResult
from mplp_sdk.models.extension import ExtensionStatus, ExtensionType, UpdateStrategy

__all__ = ["AsyncExtensions"]


class AsyncExtensions(AsyncNamespace):
    """Extensions: what is added to the protocol. A server runs only handlers that its own program knows."""

    async def create(self, **members: Unpack[ExtensionCreate]) -> Extension:
        """Register an extension.

        Args:
            members: the members of `ExtensionCreate`; `name`, `version`, `type`, `interface` and
                `implementation` are required. With an own `id`, creating again gives the first result.

        Raises:
            RequiredFieldMissing: one of these is missing.
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Extension API; POST /extensions.
        """
        return await self._client.execute(extensions.create(**members))

    def list(
        self,
        *,
        name: str | None = None,
        type: ExtensionType | None = None,  # noqa: A002  # the member's own name
        status: ExtensionStatus | None = None,
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> AsyncPages[Extension]:
        """List extensions; iterating reads page after page.

        Args:
            name: only extensions of this name.
            type: only extensions of this type.
            status: only extensions whose lifecycle has this status.
            page: the page to begin with, from 1.
            page_size: extensions a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /extensions.
        """
        return self._client.pages(
            extensions.list(name=name, type=type, status=status, page=page, page_size=page_size, sort=sort)
        )

    async def get(self, extension_id: str) -> Extension:
        """Read one extension.

        Args:
            extension_id: UUID of the extension.

        Raises:
            ExtensionNotFound: no extension has this id.

        Spec: protocol §2.1; GET /extensions/{extension_id}.
        """
        return await self._client.execute(extensions.get(extension_id))

    async def delete(self, extension_id: str, *, if_match: str | None = None) -> None:
        """Remove an extension.

        Args:
            extension_id: UUID of the extension.
            if_match: `Reply.etag` of what was read; only that is removed. None: whatever is there.

        Raises:
            ExtensionNotFound: no extension has this id.
            Conflict: somebody has changed it since `if_match`.

        Spec: protocol §2.1; DELETE /extensions/{extension_id}.
        """
        return await self._client.execute(extensions.delete(extension_id, if_match=if_match))

    async def execute(
        self,
        extension_id: str,
        input: Any,  # noqa: A002  # the member's own name
        *,
        context_id: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the server's
    ) -> ExtensionResult:
        """Run an extension.

        Args:
            extension_id: UUID of the extension.
            input: JSON data, as its `input_schema` says.
            context_id: UUID of the context that it works in.
            timeout: seconds that the extension may take on the server. None: as the server says.

        Raises:
            ExtensionNotFound: no extension has this id.
            SchemaValidationFailed: the input is not what the extension takes.
            ExtensionLoadFailed: the server has no handler for it.
            ExtensionExecutionError: the handler failed, or its output is not what it promised.
            RequestTimeout: it took longer.
            OperationNotAllowed: it is disabled.

        Spec: Design, Extension API; POST /extensions/{extension_id}/execute.
        """
        return await self._client.execute(
            extensions.execute(extension_id, input, context_id=context_id, timeout=timeout)
        )

    async def reload(
        self,
        extension_id: str,
        version: str,
        *,
        update_strategy: UpdateStrategy | None = None,
        if_match: str | None = None,
    ) -> Extension:
        """Move an extension to another version.

        Args:
            extension_id: UUID of the extension.
            version: the version to go to.
            update_strategy: `rolling`: calls that run finish first; `immediate`. None: rolling.
            if_match: `Reply.etag` of what was read; only that is changed. None: whatever is there.

        Raises:
            ExtensionNotFound: no extension has this id.
            ExtensionLoadFailed: the server has no handler of this version.
            PluginCompatibilityError: the version does not fit.
            Conflict: somebody else has changed it since `if_match`.

        Spec: Design, Extension API; PUT /extensions/{extension_id}/reload.
        """
        return await self._client.execute(
            extensions.reload(extension_id, version, update_strategy=update_strategy, if_match=if_match)
        )
