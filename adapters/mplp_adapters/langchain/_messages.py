"""LangChain's own values as plain data a person can read: messages, documents, commands, model results.

Used by the handler on everything that goes in or comes out. What is not LangChain's is passed on as it
is: the recorder serialises, bounds and marks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.prompt_values import PromptValue
from langgraph.types import Command, Interrupt, Send

__all__ = ["goal_of", "messages_of", "plain", "result_of"]

_SCALARS = frozenset({str, int, float, bool, type(None), bytes})
_DEPTH = 6
_ITEMS = 1000
_GOAL_LENGTH = 1000
_GOAL_KEYS = ("input", "question", "query", "task", "goal")
_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_REPEATED = frozenset({"tool_calls", "function_call"})


def plain(value: Any) -> Any:
    """`value` with LangChain's objects turned into dicts; other objects stay as they are. Never raises."""
    try:
        return _plain(value, _DEPTH)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # another thread changes it while we read, or it raises when looked at
        return value


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _SCALARS or depth == 0:
        return value
    if kind is dict:
        return _plain_dict(value, depth - 1)
    if kind is list or kind is tuple:
        return _plain_list(value, depth - 1)
    for known, convert in _CONVERTERS:
        if issubclass(kind, known):  # not isinstance: it would wake up lazy proxies
            return convert(value, depth - 1)
    return value


def _plain_dict(value: dict[Any, Any], depth: int) -> Any:
    return {key: _plain(item, depth) for key, item in value.items()} if len(value) <= _ITEMS else value


def _plain_list(value: Sequence[Any], depth: int) -> Any:
    return [_plain(item, depth) for item in value] if len(value) <= _ITEMS else value


def _message(message: BaseMessage, depth: int) -> dict[str, Any]:
    role = getattr(message, "role", None) or _ROLES.get(message.type, message.type)
    found: dict[str, Any] = {"role": role, "content": message.content}
    if message.name:
        found["name"] = message.name
    if isinstance(message, AIMessage):
        _add_calls(found, message)
    elif isinstance(message, ToolMessage):
        found["tool_call_id"] = message.tool_call_id
        if message.status != "success":
            found["status"] = message.status
    extra = {key: item for key, item in message.additional_kwargs.items() if key not in _REPEATED}
    if extra:
        found["additional"] = extra
    return found


def _add_calls(found: dict[str, Any], message: AIMessage) -> None:
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.get("id"), "name": call["name"], "args": call["args"]} for call in message.tool_calls
        ]
    if message.invalid_tool_calls:
        found["invalid_tool_calls"] = [dict(call) for call in message.invalid_tool_calls]


def _document(document: Document, depth: int) -> dict[str, Any]:
    return {"page_content": document.page_content, "metadata": document.metadata}


def _command(command: Command[Any], depth: int) -> dict[str, Any]:
    parts = {"update": command.update, "resume": command.resume, "goto": command.goto, "graph": command.graph}
    given = {key: part for key, part in parts.items() if part is not None and part != ()}
    return {"command": {key: _plain(part, depth) for key, part in given.items()}}


def _send(send: Send, depth: int) -> dict[str, Any]:
    return {"send": {"node": send.node, "arg": _plain(send.arg, depth)}}


def _interrupt(interrupt: Interrupt, depth: int) -> dict[str, Any]:
    return {"interrupt": {"id": interrupt.id, "value": _plain(interrupt.value, depth)}}


def _prompt(prompt: PromptValue, depth: int) -> Any:
    return {"messages": [_plain(message, depth) for message in prompt.to_messages()]}


_CONVERTERS: tuple[tuple[type[Any], Callable[[Any, int], Any]], ...] = (
    (BaseMessage, _message),
    (Document, _document),
    (Command, _command),
    (Send, _send),
    (Interrupt, _interrupt),
    (PromptValue, _prompt),
)


def messages_of(batches: Sequence[Sequence[BaseMessage]]) -> dict[str, Any]:
    """What a chat model was asked: one prompt's messages, or a list of them for a batch of prompts."""
    asked = [[plain(message) for message in batch] for batch in batches]
    return {"messages": asked[0] if len(asked) == 1 else asked}


def result_of(result: LLMResult) -> Any:
    """What a model answered: the message or the text; every candidate where there is more than one."""
    answers = [[_generation(candidate) for candidate in candidates] for candidates in result.generations]
    if len(answers) == 1 and len(answers[0]) == 1:
        return answers[0][0]
    return {"generations": answers}


def _generation(generation: Generation) -> dict[str, Any]:
    if isinstance(generation, ChatGeneration):
        return _message(generation.message, _DEPTH)
    return {"text": generation.text}


def goal_of(payload: Any) -> str | None:
    """The task in a person's words, out of a run's input; None where the input holds no such text."""
    try:
        found = _goal_text(payload)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # an object that raises when looked at
        return None
    text = str.strip(found) if isinstance(found, str) else ""
    return text[:_GOAL_LENGTH] or None


def _goal_text(payload: Any) -> Any:
    if isinstance(payload, str):
        return payload
    if isinstance(payload, BaseMessage):
        return payload.text
    if isinstance(payload, Mapping):
        asked = _last_request(payload.get("messages"))
        return asked or next((payload[key] for key in _GOAL_KEYS if isinstance(payload.get(key), str)), None)
    return _last_request(payload)


def _last_request(messages: Any) -> Any:
    """Text of the last message that a person wrote, in any of the spellings LangChain takes."""
    if isinstance(messages, (str, BaseMessage)):
        messages = [messages]
    if not isinstance(messages, (list, tuple)):
        return None
    for message in reversed(messages):
        role, content = _role_and_content(message)
        if role in {"user", "human"}:
            return content
    return None


def _role_and_content(message: Any) -> tuple[Any, Any]:
    if isinstance(message, BaseMessage):
        return message.type, message.text
    if isinstance(message, Mapping):
        return message.get("role", message.get("type")), message.get("content")
    if isinstance(message, tuple) and len(message) == 2:
        return message
    return ("user", message) if isinstance(message, str) else (None, None)
