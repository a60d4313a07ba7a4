"""Security: who asks, may they, and can anything be read that should not? Spec: protocol §4; RFC §7.2.3."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from mplp_sdk.models import Permission
from mplp_sdk.protocol.validation._paths import Step, at, shorten
from mplp_sdk.protocol.validation._secrets import HIDDEN, exposed, looks_encrypted, may_expose
from mplp_sdk.protocol.validation._subject import PlanView, Problem, Subject
from mplp_sdk.protocol.validation._text import finder

__all__ = [
    "data_encryption_valid",
    "no_sensitive_data_exposure",
    "resource_accessible",
    "user_authenticated",
    "user_authorized",
]


def user_authenticated(subject: Subject) -> Iterable[Problem] | None:
    if subject.facts.authenticated is None:
        return None
    if subject.facts.authenticated:
        return []
    return [
        Problem("user", subject.facts.user, "The user is not authenticated.", "Sign in, then ask again."),
    ]


def user_authorized(subject: Subject) -> Iterable[Problem] | None:
    facts = subject.facts
    if facts.permissions is None or facts.action is None:
        return None
    resource = facts.resource or subject.kind
    if any(_allows(permission, resource, facts.action, facts.attributes) for permission in facts.permissions):
        return []
    what = f"{shorten(facts.action, 40)} {shorten(resource, 40)}"
    return [
        Problem(
            "user.permissions",
            facts.user,
            f"No permission of the user allows to {what}.",
            f"Give the user a role that may {what}.",
        )
    ]


def _allows(
    permission: Permission | Mapping[str, Any], resource: str, action: str, attributes: Mapping[str, object]
) -> bool:
    held = permission.to_wire() if isinstance(permission, Permission) else permission
    name, actions = held.get("resource"), held.get("actions", held.get("action", ()))
    # Design-draft writes one text, `read|write`.
    actions = actions.split("|") if isinstance(actions, str) else actions
    if name not in ("*", resource) or not {"*", action} & set(actions):
        return False
    conditions = held.get("conditions") or {}
    return all(what in attributes and attributes[what] == wanted for what, wanted in conditions.items())


def resource_accessible(subject: Subject) -> Iterable[Problem] | None:
    accessible = subject.facts.accessible
    if accessible is None:
        return None
    problems = _unreachable_tools(subject.plan, accessible) if subject.plan else iter(())
    resource = subject.facts.resource
    if resource is not None and resource not in accessible:
        return [_unreachable("resource", resource), *problems]
    return list(problems)


def _unreachable_tools(plan: PlanView, accessible: Collection[str]) -> Iterator[Problem]:
    for place, name in _used(plan):
        if name not in accessible:
            yield _unreachable(at("plan", *place), name)


def _used(plan: PlanView) -> Iterator[tuple[tuple[Step, ...], str]]:
    for i, task in enumerate(plan.tasks):
        resources = task.get("resources")
        places: tuple[tuple[tuple[Step, ...], Any], ...] = (
            (("resources_required",), task.get("resources_required")),
            (("resources", "tools"), resources.get("tools") if isinstance(resources, dict) else None),
        )
        for steps, names in places:
            for j, name in enumerate(names if isinstance(names, list) else ()):
                if isinstance(name, str):
                    yield (plan.dialect.tasks, i, *steps, j), name


def _unreachable(path: str, name: str) -> Problem:
    return Problem(
        path, name, f"{shorten(name)!r} cannot be reached now.", "Make it available, or plan without it."
    )


# --- Data ---------------------------------------------------------------------------------------------


def no_sensitive_data_exposure(subject: Subject) -> Iterable[Problem]:
    if subject.text is not None and not may_expose(subject.text):
        return []
    return [
        Problem(
            subject.path(*path),
            HIDDEN,
            "What looks like a password, key or token stands here unencrypted.",
            "Take it out, encrypt it, or refer to it, as in env:NAME. If it was real, have it replaced.",
        )
        for path, _ in exposed(subject.obj)
    ]


_NONCE_BYTES: Final = {
    "AES-256-GCM": (12, 16),
    "AES-128-GCM": (12, 16),
    "CHACHA20-POLY1305": (12,),
    "XCHACHA20-POLY1305": (24,),
    "RSA-OAEP": (0,),
}
"""Bytes that the nonce of each algorithm may have; 0: there is none."""
_TAG_BYTES: Final = 16
_encrypted_in = finder('(?:ciphertext|encrypted)":')


def data_encryption_valid(subject: Subject) -> Iterable[Problem]:
    if subject.text is not None and not _encrypted_in(subject.text):
        return []
    return [
        Problem(subject.path(*path, name), value, message, suggestion)
        for path, found in _encrypted(subject.obj)
        for name, value, message, suggestion in _faults(found)
    ]


def _encrypted(obj: Any) -> Iterator[tuple[tuple[Step, ...], dict[str, Any]]]:
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(obj, ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, dict):
            if looks_encrypted(value):
                yield path, value
            else:
                waiting += [(member, (*path, name)) for name, member in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(item, (*path, i)) for i, item in reversed([*enumerate(value)])]


def _faults(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, str]]:
    algorithm = value.get("algorithm")
    sizes = _NONCE_BYTES.get(algorithm.upper()) if isinstance(algorithm, str) else None
    if sizes is None:
        known = "AES-256-GCM, AES-128-GCM, ChaCha20-Poly1305, XChaCha20-Poly1305 or RSA-OAEP"
        yield "algorithm", algorithm, "No known algorithm is named.", f"Encrypt with {known}, and name it."
    if not _decoded(value.get("ciphertext")):
        yield (
            "ciphertext",
            value.get("ciphertext"),
            "This is no ciphertext in base64.",
            "Write its bytes in base64.",
        )
    nonce = "nonce" if "nonce" in value else "iv"
    if sizes and sizes != (0,) and len(_decoded(value.get(nonce))) not in sizes:
        wanted = " or ".join(map(str, sizes))
        yield (
            nonce,
            value.get(nonce),
            f"The nonce should be {wanted} bytes in base64.",
            "Write the nonce that was used.",
        )
    if "tag" in value and len(_decoded(value["tag"])) != _TAG_BYTES:
        yield (
            "tag",
            value["tag"],
            "The tag should be 16 bytes in base64.",
            "Write the tag that the algorithm gave.",
        )


def _decoded(text: Any) -> bytes:
    """The bytes that `text` stands for; none where it is no base64."""
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""
