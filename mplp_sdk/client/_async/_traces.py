"""`client.traces`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import traces
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import Span, SpanCreate, TraceSummary

__all__ = ["AsyncTraces"]


class AsyncTraces(AsyncNamespace):
    """Traces: what really ran, one span a step."""

    async def record(self, **members: Unpack[SpanCreate]) -> Span:
        """Record one span.

        Args:
            members: the members of `SpanCreate`; `trace_id`, `context_id`, `agent_id`, `action` and
                `timestamp` are required. A span may be sent open and again closed, under one `id`.

        Raises:
            RequiredFieldMissing: one of these is missing.
            InvalidRequest: a member is wrong; found before anything is sent where possible.

        Spec: Design, Trace API; POST /traces.
        """
        return await self._client.execute(traces.record(**members))

    async def record_batch(self, spans: Sequence[SpanCreate]) -> builtins.list[Span]:
        """Record several spans in one request.

        Args:
            spans: the spans, of any traces.

        Returns:
            The spans as they are stored, in the same order.

        Raises:
            InvalidRequest: a span is wrong; `details["field"]` begins with its index.

        Spec: protocol §2.1; POST /traces/batch.
        """
        return await self._client.execute(traces.record_batch(spans))

    def list(
        self,
        *,
        context_id: str | None = None,
        agent_id: str | None = None,
        status: str | None = None,
        name: str | None = None,
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> AsyncPages[TraceSummary]:
        """List traces, one row a trace; iterating reads page after page.

        Args:
            context_id: only traces of this context.
            agent_id: only traces whose root is of this agent.
            status: only traces with this status: `running`, `success`, `failure`, `timeout`, `cancelled`.
            name: only traces whose root has this name.
            page: the page to begin with, from 1.
            page_size: traces a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /traces.
        """
        return self._client.pages(
            traces.list(
                context_id=context_id,
                agent_id=agent_id,
                status=status,
                name=name,
                page=page,
                page_size=page_size,
                sort=sort,
            )
        )

    async def get(self, trace_id: str) -> TraceSummary:
        """Read the summary of one trace.

        Args:
            trace_id: id of the trace.

        Raises:
            NotFound: no span has this trace id.

        Spec: protocol §2.1; GET /traces/{trace_id}.
        """
        return await self._client.execute(traces.get(trace_id))

    async def spans(self, trace_id: str) -> builtins.list[Span]:
        """Read all spans of a trace, in the order of their start.

        Args:
            trace_id: id of the trace.

        Raises:
            NotFound: no span has this trace id.

        Spec: Design, Trace API; GET /traces/{trace_id}/spans.
        """
        return await self._client.execute(traces.spans(trace_id))
