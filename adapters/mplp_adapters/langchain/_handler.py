"""The callback handler: LangChain's events in, starts and ends of steps out (see _runs.py).

One synchronous handler that runs inline serves sync and async programs: LangChain sends the events of async
runs to other handlers through a thread pool, where their order and context are lost.
Spec: recording §2.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, ToolMessage
from langchain_core.outputs import LLMResult

from mplp_adapters.langchain._announce import announced_graph
from mplp_adapters.langchain._capabilities import capabilities_of
from mplp_adapters.langchain._messages import messages_of, plain, result_of
from mplp_adapters.langchain._runs import Runs, runs_of
from mplp_adapters.langchain._steps import Step, name_of
from mplp_adapters.langchain._usage import metrics_of
from mplp_sdk.recording import Recorder, get_recorder

if TYPE_CHECKING:
    from langgraph.callbacks import GraphCallbackHandler as _Base
else:
    try:  # Graphs tell of interrupts only to subclasses of this; older versions of langgraph do not have it.
        from langgraph.callbacks import GraphCallbackHandler as _Base
    except ImportError:
        _Base = BaseCallbackHandler

__all__ = ["MPLPCallbackHandler"]

_log = logging.getLogger("mplp.langchain")
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _harmless(method: _Method) -> _Method:
    """Let nothing out of `method`: the recorded program comes first.

    LangChain swallows an `Exception` of a handler, but a `BaseException` would end the run. Only what a
    signal raises in the middle of our code goes on, since it is meant for the program.
    """

    @functools.wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            _log.warning("an event could not be recorded (%s)", method.__name__, exc_info=True)
            return None

    return guarded  # type: ignore[return-value]  # same signature by construction


class MPLPCallbackHandler(_Base):
    """Records LangChain and LangGraph runs as MPLP objects.

        agent.invoke(question, config={"callbacks": [MPLPCallbackHandler()]})

    Runs with the same `thread_id` (or `session_id`) share a Context. Any number of handlers, threads and
    event loops may be used at once. Nothing raised here reaches the run.

    Spec: recording §2.
    """

    run_inline = True
    raise_error = False

    def __init__(self, *, graph: Any = None, recorder: Recorder | None = None) -> None:
        """Make a handler.

        Args:
            graph: a compiled graph, to have its plan before it runs. `instrument()` finds it by itself.
            recorder: where records go; None: the process's shared recorder, looked up at each event.

        Raises:
            ConfigError: the environment holds a setting that cannot be used. After that nothing raises.
        """
        super().__init__()
        if recorder is None:
            get_recorder()
        self._graph = graph
        self._recorder = recorder

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Models are deep-copied together with the handlers they hold.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled handler records to the recorder of the process in which it wakes up.
        return _wake, (type(self),)

    @property
    def _runs(self) -> Runs:
        return runs_of(self._recorder or get_recorder())

    # Chains, graphs and their nodes

    @_harmless
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name = name_of(kwargs.get("name"), serialized, "chain")
        step = Step(run_id, parent_run_id, "chain", name, inputs, tags or (), metadata or {})
        step.run_type = kwargs.get("run_type")
        step.plain_callable = serialized is None and "run_type" not in kwargs
        step.graph = announced_graph() or self._own_graph(step)
        if "defers_inputs" in kwargs and type(inputs) is dict and inputs == {"input": ""}:
            step.payload = None  # a stream: the input comes with the end
        self._runs.start(step)

    def _own_graph(self, step: Step) -> Any:
        """The graph this handler was made for, if it is the one that starts."""
        if self._graph is None or not step.plain_callable or step.node is not None:
            return None
        # A run may give the graph another name; then it is known only where nothing is around it.
        renamed = step.parent_run_id is None and step.starts_graph
        return self._graph if renamed or step.name == self._graph.get_name() else None

    @_harmless
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        if "inputs" in kwargs:
            self._runs.end_stream(run_id, plain(outputs), kwargs["inputs"])
        else:
            self._runs.end(run_id, plain(outputs))

    @_harmless
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.fail(run_id, error)

    # Models

    @_harmless
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        asked = messages_of(messages)
        self._model_start(serialized, messages, asked, run_id, parent_run_id, tags, metadata, kwargs)

    @_harmless
    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        asked = {"prompt": prompts[0]} if len(prompts) == 1 else {"prompts": prompts}
        self._model_start(serialized, prompts, asked, run_id, parent_run_id, tags, metadata, kwargs)

    def _model_start(
        self,
        serialized: dict[str, Any],
        source: object,
        asked: dict[str, Any],
        run_id: UUID,
        parent_run_id: UUID | None,
        tags: list[str] | None,
        metadata: dict[str, Any] | None,
        kwargs: Mapping[str, Any],
    ) -> None:
        given = kwargs.get("invocation_params") or {}
        options = {key: value for key, value in given.items() if value is not None}
        if options:
            asked["options"] = options
        name = name_of(kwargs.get("name"), serialized, "model")
        step = Step(run_id, parent_run_id, "model", name, asked, tags or (), metadata or {})
        step.source = id(source)
        step.tools = capabilities_of(options.get("tools"))
        self._runs.start(step)

    @_harmless
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.first_token(run_id)

    @_harmless
    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.first_token(run_id)

    @_harmless
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        runs = self._runs
        opened = runs.find(run_id)
        if opened is not None:
            runs.end(run_id, result_of(response), metrics=metrics_of(response, opened.step.model))

    @_harmless
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        partial = kwargs.get("response")
        output = result_of(partial) if isinstance(partial, LLMResult) and partial.generations else None
        self._runs.fail(run_id, error, output=output)

    # Tools and retrievers

    @_harmless
    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        payload = inputs if inputs is not None else input_str
        name = name_of(kwargs.get("name"), serialized, "tool")
        step = Step(run_id, parent_run_id, "tool", name, payload, tags or (), metadata or {})
        if call := kwargs.get("tool_call_id"):
            step.extra["langchain.tool_call_id"] = call
        self._runs.start(step)

    @_harmless
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        if isinstance(output, ToolMessage) and output.status == "error":
            self._runs.end(run_id, plain(output), error={"type": "ToolError", "message": output.text})
        else:
            self._runs.end(run_id, plain(output))

    @_harmless
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.fail(run_id, error)

    @_harmless
    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name = name_of(kwargs.get("name"), serialized, "retriever")
        step = Step(run_id, parent_run_id, "retriever", name, {"query": query}, tags or (), metadata or {})
        step.source = id(query)
        self._runs.start(step)

    @_harmless
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.end(run_id, {"documents": plain(list(documents))})

    @_harmless
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.fail(run_id, error)

    # What is told in between: both bear the id of the step around them

    @_harmless
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.note(run_id, name, data)

    @_harmless
    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None and outcome.failed else None
        cause = {"error": f"{type(error).__name__}: {error}"} if error is not None else {}
        self._runs.note(run_id, "retry", {"attempt": retry_state.attempt_number, **cause})

    # LangGraph's lifecycle, told to handlers in the callbacks list

    @_harmless
    def on_interrupt(self, event: Any) -> None:
        self._runs.interrupted(event)

    @_harmless
    def on_resume(self, event: Any) -> None:
        if event.run_id is not None:
            self._runs.note(event.run_id, "resumed", {"checkpoint_id": event.checkpoint_id})


def _wake(cls: type[MPLPCallbackHandler]) -> MPLPCallbackHandler:
    handler = cls.__new__(cls)
    handler._graph = handler._recorder = None
    return handler
