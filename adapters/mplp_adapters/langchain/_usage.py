"""What a model call cost, under the protocol's names. What nobody told is absent, never 0.

Spec: recording §1, `result.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

__all__ = ["metrics_of"]

# Names that providers give to the same counts where there is no `usage_metadata`.
_PROVIDER_NAMES = {
    "input_tokens": ("input_tokens", "prompt_tokens", "input_token_count", "prompt_token_count"),
    "output_tokens": ("output_tokens", "completion_tokens", "generated_token_count"),
    "total_tokens": ("total_tokens", "total_token_count"),
    "cost": ("cost",),
}


def metrics_of(result: LLMResult, model: str | None) -> dict[str, int | float | str]:
    """Token counts and the model's name.

    Args:
        model: name known from the start of the call; what the answer says wins.
    """
    messages = list(_messages(result))
    found: dict[str, int | float | str] = {}
    for message in messages:
        for name, count in _from_usage_metadata(message.usage_metadata or {}):
            found[name] = _added(found.get(name), count)
    if not found:
        found.update(_from_provider(result.llm_output or {}))
    if told := _model_name(result, messages) or model:
        found["model"] = told
    return found


def _messages(result: LLMResult) -> Iterator[AIMessage]:
    """The first candidate of each prompt: providers count all candidates' tokens on it."""
    for candidates in result.generations:
        first = candidates[0] if candidates else None
        if isinstance(first, ChatGeneration) and isinstance(first.message, AIMessage):
            yield first.message


def _added(before: Any, count: int) -> int:
    return count if before is None else before + count


def _from_usage_metadata(usage: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    details_in = usage.get("input_token_details") or {}
    details_out = usage.get("output_token_details") or {}
    counts = {
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cached_tokens": details_in.get("cache_read"),
        "reasoning_tokens": details_out.get("reasoning"),
    }
    for name, count in counts.items():
        if isinstance(count, int):
            yield name, count


def _from_provider(llm_output: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    usage = llm_output.get("token_usage") or llm_output.get("usage") or {}
    if not isinstance(usage, Mapping):
        return
    for name, spellings in _PROVIDER_NAMES.items():
        count = next((usage[word] for word in spellings if isinstance(usage.get(word), int | float)), None)
        if count is not None:
            yield name, count


def _model_name(result: LLMResult, messages: list[AIMessage]) -> str | None:
    places: list[Mapping[str, Any]] = [message.response_metadata for message in messages]
    places.append(result.llm_output or {})
    for place in places:
        for key in ("model_name", "model"):
            if isinstance(name := place.get(key), str) and name:
                return name
    return None
