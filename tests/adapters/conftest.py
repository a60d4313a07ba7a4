"""Fixtures for the adapters: a recorder, its records read back, and models that follow a script."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from mplp_adapters.langchain import instrument, uninstrument
from mplp_sdk.recording import Recorder, set_recorder
from mplp_sdk.recording.spool import StreamReader, list_streams

Json = dict[str, Any]
Tree = tuple[str, list[Any]]


class Recorded:
    """What a recorder wrote, as the server would see it."""

    def __init__(self, recorder: Recorder, home: Path) -> None:
        self.recorder = recorder
        self._home = home

    @property
    def records(self) -> list[Json]:
        """Every record, in the order of writing."""
        assert self.recorder.flush()
        return read_spool(self._home)

    def objects(self, kind: str) -> list[Json]:
        """The last state of each object of `kind`, in the order in which they appeared."""
        latest: dict[str, Json] = {}
        for record in self.records:
            if record["kind"] == kind:
                latest[record["object"]["id"]] = record["object"]
        return list(latest.values())

    @property
    def spans(self) -> list[Json]:
        return self.objects("trace")

    @property
    def plans(self) -> list[Json]:
        return self.objects("plan")

    @property
    def contexts(self) -> list[Json]:
        return self.objects("context")

    @property
    def confirmations(self) -> list[Json]:
        return self.objects("confirmation")

    @property
    def roles(self) -> list[Json]:
        return self.objects("role")

    def named(self, name: str) -> list[Json]:
        """Spans whose action has this name."""
        return [span for span in self.spans if span["action"]["name"] == name]

    def span(self, name: str) -> Json:
        """The only span with this name."""
        (span,) = self.named(name)
        return span

    @property
    def trees(self) -> list[Tree]:
        """Each trace as (name, [children]), in the order of starting; parents are those the spans name."""
        spans = self.spans
        children: dict[str | None, list[Json]] = {}
        for span in spans:
            children.setdefault(span.get("parent_span_id"), []).append(span)
        known = {span["span_id"] for span in spans}
        assert all(parent is None or parent in known for parent in children)
        return [_tree(root, children) for root in children.get(None, [])]

    def tasks(self, plan: Json) -> dict[str, str]:
        """Status of each task of a plan, by name."""
        return {task["name"]: task["status"] for task in plan["tasks"]}


def _tree(span: Json, children: dict[str | None, list[Json]]) -> Tree:
    below = children.get(span["span_id"], [])
    assert all(child["trace_id"] == span["trace_id"] for child in below)
    return span["action"]["name"], [_tree(child, children) for child in below]


def read_spool(home: Path) -> list[Json]:
    """Every record in the spool of `home`."""
    found: list[Json] = []
    for stream in list_streams(home):
        reader = StreamReader(stream)
        while batch := reader.read(records=1000, size=1 << 24):
            found += [msgspec.json.decode(record.payload) for record in batch]
    return found


@pytest.fixture
def read_home() -> Callable[[Path], list[Json]]:
    """Read the records that another process left in its home."""
    return read_spool


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    """The process's recorder, keeping its records on disk."""
    home = tmp_path / "mplp"
    recorder = Recorder(home=home)
    before = set_recorder(recorder)
    yield Recorded(recorder, home)
    set_recorder(before)
    recorder.close()


@pytest.fixture
def instrumented(recorded: Recorded) -> Iterator[Recorded]:
    """The same, with everything in the process recorded."""
    instrument()
    yield recorded
    uninstrument()


class ScriptedModel(BaseChatModel):
    """Answers with the messages it was given, one a call, from the first again when they are used up."""

    replies: list[AIMessage]
    _turns: Any = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        self._turns = itertools.cycle(self.replies)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[{"name": tool.name, "description": tool.description} for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=next(self._turns).model_copy())])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = next(self._turns)
        for word in reply.text.split(" "):
            yield _chunk(run_manager, AIMessageChunk(content=word))
        yield _chunk(run_manager, AIMessageChunk(content="", usage_metadata=reply.usage_metadata))


def _chunk(run_manager: CallbackManagerForLLMRun | None, message: AIMessageChunk) -> ChatGenerationChunk:
    chunk = ChatGenerationChunk(message=message)
    if run_manager is not None:
        run_manager.on_llm_new_token(message.text, chunk=chunk)
    return chunk


@pytest.fixture
def model() -> Callable[..., ScriptedModel]:
    """Make a model that answers with these messages or texts, in turn."""

    def make(*replies: AIMessage | str) -> ScriptedModel:
        messages = [AIMessage(reply) if isinstance(reply, str) else reply for reply in replies]
        return ScriptedModel(replies=messages)

    return make
