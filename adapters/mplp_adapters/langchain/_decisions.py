"""What a person decided, read out of the value that resumes an interrupted graph.

A resume value may be anything; these shapes say more than "go on":

* `True`, `"approve"`, `"yes"` …, `False`, `"reject"`, `"no"` …
* `{"decision": "approved", "approver": "Dana", "reason": "looks right"}` (also `type`, `action`, `approved`;
  `reviewer`, `by`; `message`, `comment`)
* the answers of human-in-the-loop middleware: `{"decisions": [{"type": "approve"}, …]}`, and the older list
  of `{"type": "accept" | "edit" | "response" | "ignore", "args": …}`

Anything else is an answer to a question: approved, with the text as its comment. Spec: recording §1, Confirm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mplp_adapters.langchain._messages import plain

__all__ = ["Decision", "read_decision"]

Verdict = Literal["approve", "reject", "edit", "respond"]

_SAID: dict[Verdict, str] = {
    "approve": """approve approved accept accepted allow allowed confirm confirmed continue proceed
        yes y ok okay true""",
    "reject": """reject rejected deny denied decline declined refuse refused ignore cancel cancelled
        abort stop no n false""",
    "edit": "edit edited modify modified",
    "respond": "respond response reply answer",
}
_WORDS: dict[str, Verdict] = {word: verdict for verdict, words in _SAID.items() for word in words.split()}
_VERDICT_KEYS = ("decision", "type", "action", "verdict", "approved", "approve", "accepted", "status")
_APPROVER_KEYS = ("approver", "reviewer", "decided_by", "approved_by", "by", "user")
_REASON_KEYS = ("reason", "message", "comment", "comments", "feedback")
_EDIT_KEYS = ("edited_action", "args", "edit", "edited")
_COMMENT_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer to one Confirmation."""

    outcome: Literal["approved", "rejected"]
    approver: str | None = None
    """Who decided, where the answer says so."""
    comments: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    """`kind` (approve, reject, edit or respond) and the answer's own data."""


def read_decision(answer: Any) -> Decision:
    """The decision in a resume value. Never refuses one: what it does not know is a response."""
    if isinstance(answer, Mapping):
        return _from_mapping(answer)
    if isinstance(answer, list | tuple) and answer and all(isinstance(part, Mapping) for part in answer):
        return _combined([_from_mapping(part) for part in answer])
    verdict = _verdict(answer)
    if verdict is None:
        return Decision("approved", None, (_text(answer),), {"kind": "respond", "response": plain(answer)})
    return Decision(_outcome(verdict), None, (), {"kind": verdict})


def _verdict(word: Any) -> Verdict | None:
    if word is None or isinstance(word, bool):
        return "reject" if word is False else "approve"
    if not isinstance(word, str):
        return None
    return _WORDS.get(word.strip().strip(".!").lower())


def _outcome(verdict: Verdict) -> Literal["approved", "rejected"]:
    return "rejected" if verdict == "reject" else "approved"


def _from_mapping(answer: Mapping[Any, Any]) -> Decision:
    approver, reasons = _first_text(answer, _APPROVER_KEYS), _texts(answer, _REASON_KEYS)
    parts = answer.get("decisions")
    if isinstance(parts, list | tuple) and parts and all(isinstance(part, Mapping) for part in parts):
        whole = _combined([_from_mapping(part) for part in parts])
        comments = (*reasons, *whole.comments)
        return Decision(whole.outcome, approver or whole.approver, comments, whole.metadata)
    verdict = _first_verdict(answer)
    if verdict is None:
        said = {"kind": "respond", "response": plain(dict(answer))}
        return Decision("approved", approver, reasons or (_text(answer),), said)
    edit = next((answer[key] for key in _EDIT_KEYS if key in answer), None)
    if edit is None or (verdict != "edit" and verdict != "respond"):
        return Decision(_outcome(verdict), approver, reasons, {"kind": verdict})
    return Decision("approved", approver, (*reasons, _text(edit)), {"kind": verdict, verdict: plain(edit)})


def _first_verdict(answer: Mapping[Any, Any]) -> Verdict | None:
    for key in _VERDICT_KEYS:
        if key in answer and (verdict := _verdict(answer[key])) is not None:
            return verdict
    return None


def _combined(parts: Sequence[Decision]) -> Decision:
    """One interrupt may ask about several actions: it is approved when none of them is rejected."""
    if len(parts) == 1:
        return parts[0]
    rejected = any(part.outcome == "rejected" for part in parts)
    comments = tuple(comment for part in parts for comment in part.comments)
    approver = next((part.approver for part in parts if part.approver), None)
    said = {"kind": "several", "parts": [dict(part.metadata) for part in parts]}
    return Decision("rejected" if rejected else "approved", approver, comments, said)


def _first_text(answer: Mapping[Any, Any], keys: Sequence[str]) -> str | None:
    return next((value for key in keys if isinstance(value := answer.get(key), str) and value), None)


def _texts(answer: Mapping[Any, Any], keys: Sequence[str]) -> tuple[str, ...]:
    for key in keys:
        value = answer.get(key)
        if isinstance(value, str) and value:
            return (value,)
        if isinstance(value, list | tuple) and value:
            return tuple(_text(part) for part in value)
    return ()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:_COMMENT_LENGTH]
    try:
        text = json.dumps(plain(value), default=_type_name, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # odd keys, circular, too deep
        text = _type_name(value)
    return text[:_COMMENT_LENGTH]


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"
