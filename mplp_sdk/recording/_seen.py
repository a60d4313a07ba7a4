"""What one recorder has seen across its runs: agents, and questions that wait for an answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from mplp_sdk.protocol.ids import agent_id, derived_id
from mplp_sdk.recording._confirmation import OpenConfirmation
from mplp_sdk.recording._core import Core

__all__ = ["Seen"]

_CONFIRMATIONS = 10_000


class Seen:
    """Remembers roles, so that each is written once, and questions, so that they are found again."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._roles: dict[str, tuple[object, int, str]] = {}
        self._confirmations: OrderedDict[str, OpenConfirmation] = OrderedDict()

    def add_confirmation(self, confirmation: OpenConfirmation) -> None:
        """Have `find_confirmation` find it; the oldest are forgotten when there are very many."""
        with self._core.lock:
            self._confirmations[confirmation.confirmation_id] = confirmation
            if len(self._confirmations) > _CONFIRMATIONS:
                self._confirmations.popitem(last=False)

    def find_confirmation(self, context_id: str, key: object) -> OpenConfirmation | None:
        """The question that waits under `key` in a Context."""
        found = self._confirmations.get(derived_id("confirmation", context_id, self._core.key(key)))
        return found if found is not None and found.pending else None

    def add_role(
        self, name: object, description: object, capabilities: Sequence[Mapping[str, object]]
    ) -> None:
        """Write the role of an agent where it is new or has changed."""
        clean = self._core.clean
        text = clean.text(name) or "(unnamed)"
        said: dict[str, Any] = {"capabilities": [_capability(clean.mapping(each)) for each in capabilities]}
        if description:
            said["description"] = clean.text(description, 4000)
        with self._core.lock:
            before, changes, created = self._roles.get(text, (None, -1, self._core.next_time()))
            if before == said:
                return
            self._roles[text] = (said, changes + 1, created)
            self._core.write(
                "role",
                {
                    "id": agent_id(text),
                    "name": text,
                    "version": f"1.{changes + 1}.0",
                    "type": "service",
                    **said,
                    "metadata": {"created_at": created, "updated_at": self._core.next_time()},
                },
            )


def _capability(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "(unnamed)", "type": "skill", "level": "intermediate", **data}
