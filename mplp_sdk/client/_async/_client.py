"""`AsyncClient`: one-line methods over the operations and the flow."""

from __future__ import annotations

import builtins
import ssl
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from mplp_sdk.client._async._auth import AsyncAuth
from mplp_sdk.client._async._confirmations import AsyncConfirmations
from mplp_sdk.client._async._contexts import AsyncContexts
from mplp_sdk.client._async._executions import AsyncExecutions
from mplp_sdk.client._async._extensions import AsyncExtensions
from mplp_sdk.client._async._plans import AsyncPlans
from mplp_sdk.client._async._roles import AsyncRoles
from mplp_sdk.client._async._schemas import AsyncSchemas
from mplp_sdk.client._async._traces import AsyncTraces
from mplp_sdk.client._base import Credentials, ExtraHeaders, OptionChanges, Options, Session
from mplp_sdk.client._drivers import drive_async
from mplp_sdk.client._flow import Reply
from mplp_sdk.client._http import AsyncHTTPClient, AsyncTransport, TransportOptions
from mplp_sdk.client._operations import Call, PageData, system
from mplp_sdk.client._operations.system import Encoding
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.config import Settings
from mplp_sdk.models import Execution, IngestResult, StreamState

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient:
    """Calls an MPLP server.

        async with AsyncClient(base_url="http://127.0.0.1:8700") as client:
            plan = await client.plans.create(name="release", tasks=[{"name": "build"}])
            async for trace in client.traces.list(status="failure"):
                print(trace.name)

    Connections are kept and shared by everything that uses one client: make one, use it from many tasks,
    close it at the end. Calls that fail for a while are retried; what is raised in the end is an `MPLPError`.

    Spec: protocol §2.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        token: str | None = None,
        exchange_key: bool = False,
        signing_key: bytes | None = None,
        timeout: float | None = 30.0,
        attempt_timeout: float | None = None,
        max_attempts: int = 4,
        max_backoff: float = 8.0,
        headers: ExtraHeaders | None = None,
        verify: bool | ssl.SSLContext = True,
        http2: bool = False,
        max_response_bytes: int = 64 * 1024 * 1024,
        http_client: AsyncHTTPClient | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: address of the server, with or without `/v1.0`. None: `MPLP_BASE_URL`.
            api_key: sent as `X-API-Key`. None: `MPLP_API_KEY`.
            token: bearer token (JWT), sent instead of the key.
            exchange_key: trade the key for a token at the first call, and again when that has expired.
            signing_key: signs every body with `X-Signature`.
            timeout: seconds for a whole call, retries and pauses included; None: no limit.
            attempt_timeout: seconds for one attempt; None: as long as the whole call may take.
            max_attempts: how many times a request may be sent; 1: never retried.
            max_backoff: seconds of the longest random pause between attempts; a server may ask for more.
            headers: sent with every request; or a function that gives them at each call, such as one that
                knows the current `traceparent`.
            verify: TLS certificates: True, False, or an `ssl.SSLContext`.
            http2: offer HTTP/2; needs the extra `http2`.
            max_response_bytes: longer answers are refused.
            http_client: an httpx client to use, with its own connections, proxies and certificates; `verify`
                and `http2` do not apply, and closing stays with its owner.

        Raises:
            ConfigError: no server is set, or a setting cannot be used.
        """
        settings = Settings.load(base_url=base_url, api_key=api_key)
        self._session = Session(
            settings,
            Credentials(
                api_key=settings.api_key,
                token=token,
                signing_key=signing_key,
                exchange_key=exchange_key,
            ),
            Options(
                timeout=timeout,
                attempt_timeout=attempt_timeout,
                max_attempts=max_attempts,
                max_backoff=max_backoff,
                headers=headers or {},
            ),
        )
        self._transport = AsyncTransport(
            TransportOptions(verify=verify, http2=http2, max_response_bytes=max_response_bytes), http_client
        )

    @cached_property
    def contexts(self) -> AsyncContexts:
        """The shared state of pieces of work."""
        return AsyncContexts(self)

    @cached_property
    def plans(self) -> AsyncPlans:
        """What is meant to happen."""
        return AsyncPlans(self)

    @cached_property
    def confirmations(self) -> AsyncConfirmations:
        """Who was asked, and who decided what."""
        return AsyncConfirmations(self)

    @cached_property
    def traces(self) -> AsyncTraces:
        """What really ran."""
        return AsyncTraces(self)

    @cached_property
    def roles(self) -> AsyncRoles:
        """What somebody can and may do."""
        return AsyncRoles(self)

    @cached_property
    def extensions(self) -> AsyncExtensions:
        """What is added to the protocol."""
        return AsyncExtensions(self)

    @cached_property
    def executions(self) -> AsyncExecutions:
        """Plans that are being carried out."""
        return AsyncExecutions(self)

    @cached_property
    def schemas(self) -> AsyncSchemas:
        """JSON Schemas of the protocol's objects."""
        return AsyncSchemas(self)

    @cached_property
    def auth(self) -> AsyncAuth:
        """Tokens."""
        return AsyncAuth(self)

    def with_options(self, **options: Unpack[OptionChanges]) -> Self:
        """A client like this one with some `Options` changed, on the same connections and retry budget.

        It is meant for a call or a few: `client.with_options(timeout=2).plans.get(plan_id)`. Closing it
        closes the connections for both.

        Raises:
            ConfigError: no such option, or a value that cannot be used.
        """
        other = object.__new__(type(self))
        other._session = self._session.replace(**options)
        other._transport = self._transport
        return other

    async def send(self, call: Call[T]) -> Reply[T]:
        """Carry out a call and return the whole reply: value, status, headers, request id, attempts.

            reply = await client.send(calls.plans.get(plan_id))

        Raises:
            ProtocolError: the server's error, or a connection that failed, after all attempts.
            InvalidResponse: the answer is not MPLP.
        """
        return await drive_async(self._session.flow(call), self._transport)

    async def execute(self, call: Call[T]) -> T:
        """Carry out a call and return its value. Raises as `send` does."""
        reply = await self.send(call)
        return reply.parsed

    async def _wait(self, execution_id: str, timeout: float | None) -> Execution:  # noqa: ASYNC109
        return await drive_async(self._session.wait(execution_id, timeout), self._transport)

    def pages(self, call: Call[PageData[T]]) -> AsyncPages[T]:
        """The list that `call` reads, which walks its own pages."""
        return AsyncPages(call, self.execute)

    async def ingest(
        self,
        body: bytes,
        *,
        stream: str | None = None,
        sequence: int | None = None,
        encoding: Encoding = "identity",
    ) -> IngestResult:
        """Send recorded objects. Sending the same ones again changes nothing.

        Args:
            body: NDJSON, one `{"kind": …, "object": {…}}` a line; at most 8 MiB before compression.
            stream: UUID of the stream that the lines are numbered in. None: not numbered.
            sequence: number of the first line.
            encoding: how `body` is compressed already.

        Returns:
            How many lines were accepted, and those refused for good, which spoil none of the others.

        Raises:
            ValueOutOfRange: the body is too long.

        Spec: protocol §6; POST /ingest.
        """
        return await self.execute(system.ingest(body, stream=stream, sequence=sequence, encoding=encoding))

    async def list_streams(self) -> builtins.list[StreamState]:
        """Read how far the server has each stream.

        Spec: protocol §6; GET /streams.
        """
        return await self.execute(system.list_streams())

    async def get_stream(self, stream_id: str) -> StreamState:
        """Read how far the server has one stream, and which numbers never came.

        Raises:
            NotFound: nothing of this stream has come yet.

        Spec: protocol §6; GET /streams/{stream_id}.
        """
        return await self.execute(system.get_stream(stream_id))

    async def call(
        self,
        module: str,
        action: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        version: str = "1.0.0",
        timeout: float | None = None,  # noqa: ASYNC109  # the server's
        retry: int | None = None,
        run_async: bool = False,
    ) -> Any:
        """Carry out an action by its name, where the methods of this client will not do.

            page = await client.call("plan", "list", parameters={"status": "draft"})

        Args:
            module: `context`, `plan`, `confirm`, `trace`, `role`, `extension` or `execute`.
            action: name of the operation, such as `create`.
            parameters: those of the operation's path, query and body together.
            version: of the module's interface.
            timeout: seconds that the action may take on the server. None: as the server says.
            retry: how often the server may try again. None: as the server says.
            run_async: answer at once, before the action has ended.

        Returns:
            JSON data: what the action's own endpoint would have answered; with `run_async`, `request_id` and
            `status`.

        Raises:
            NotFound: there is no such module, or what the action is about is not there.
            OperationNotAllowed: the module has no such action.
            RequestTimeout: it took longer.

        Spec: RFC §4.1.2; POST /rpc.
        """
        return await self.execute(
            system.call(
                module,
                action,
                parameters=parameters,
                version=version,
                timeout=timeout,
                retry=retry,
                run_async=run_async,
            )
        )

    async def health(self) -> system.Health:
        """Ask whether the server is alive.

        Spec: protocol §2.1; GET /health.
        """
        return await self.execute(system.health())

    async def ready(self) -> system.Health:
        """Ask whether the server takes requests.

        Raises:
            ServiceUnavailable: it does not, after all attempts.

        Spec: protocol §2.1; GET /ready.
        """
        return await self.execute(system.ready())

    async def aclose(self) -> None:
        """Close the connections. A client that was handed in as `http_client` stays open."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.base}>"
