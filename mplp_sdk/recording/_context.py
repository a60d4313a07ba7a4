"""Contexts: the pieces of work that runs belong to. Used by `Run`; one object per Context and process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mplp_sdk.protocol.ids import context_id, derived_id, new_id
from mplp_sdk.recording._core import Core, never_raises

if TYPE_CHECKING:
    from mplp_sdk.recording._plan import LivePlan

__all__ = ["SharedContext", "SharedContexts"]

_REMEMBERED = 1000
# A process that merely takes up a key knows nothing of what others wrote under it: what they know is newer.
_BEFORE_ALL = "1970-01-01T00:00:00.000Z"
_FINISHED = {"success": "completed", "failure": "failed", "timeout": "failed", "cancelled": "suspended"}


class SharedContext:
    """One Context, as far as this process knows it."""

    def __init__(self, core: Core, name: str, key: str | None) -> None:
        self._core = core
        self.id = new_id() if key is None else context_id(core.project, key)
        self.waiting_plan: LivePlan | None = None
        """Plan of a run that ended while somebody was being asked; the run that goes on takes it up."""
        self._name = core.clean.text(name)
        self._key = None if key is None else core.clean.text(key)
        self._status = "active"
        self._stage = "execution"
        self._variables: dict[str, Any] = {}
        self._goals: dict[str, dict[str, Any]] = {}  # by description
        self._created_at: str | None = None

    @never_raises
    def begin(self, goals: Sequence[str]) -> None:
        """A run begins. Written where this process has not done so before, or where there are new goals."""
        with self._core.lock:
            added = [self._add_goal(goal) for goal in goals]
            if self._created_at is None or any(added):
                self._write(only_if_new=self._key is not None and not self._goals)

    def _add_goal(self, text: str) -> bool:
        description = self._core.clean.text(text, 1000)
        new = bool(description) and description not in self._goals
        if new:
            goal = derived_id("goal", self.id, description)
            self._goals[description] = {
                "id": goal,
                "description": description,
                "priority": 5,
                "status": "active",
            }
        return new

    @never_raises
    def set_variables(self, variables: object) -> None:
        """Replace `shared_state.variables`."""
        with self._core.lock:
            self._variables = self._core.clean.mapping(variables)
            self._write()

    @never_raises
    def finish(self, status: str, goals: Sequence[str], *, waiting: bool) -> None:
        """A run ended. A Context without a key ends with it; one with a key goes on."""
        with self._core.lock:
            reached = self._reach(goals) if status == "success" and not waiting else False
            if self._key is None:
                self._status = "suspended" if waiting else _FINISHED.get(status, "completed")
                self._stage = "completion" if self._status in ("completed", "failed") else self._stage
            if self._key is None or reached:
                self._write()

    def _reach(self, goals: Sequence[str]) -> bool:
        """Whether any of these is a goal of this Context, and reached now."""
        reached = {self._core.clean.text(goal, 1000) for goal in goals} & self._goals.keys()
        for description in reached:
            self._goals[description]["status"] = "completed"
        return bool(reached)

    def _write(self, *, only_if_new: bool = False) -> None:
        now = self._core.next_time()
        self._created_at = self._created_at or now
        shared_state = {
            "variables": self._variables,
            "resources": {},
            "dependencies": [],
            "goals": list(self._goals.values()),
            "artifacts": [],
            "knowledge_base": [],
        }
        global_state = {"project_id": self._core.project}
        if self._key is not None:
            global_state["session_id"] = self._key
        self._core.write(
            "context",
            {
                "id": self.id,
                "version": "1.0.0",
                "name": self._name,
                "status": self._status,
                "lifecycle_stage": self._stage,
                "shared_state": shared_state,
                "global_state": global_state,
                "metadata": {
                    "created_at": self._created_at,
                    "updated_at": _BEFORE_ALL if only_if_new else now,
                },
            },
        )


class SharedContexts:
    """The Contexts that this process knows by key; forgets those not used for long."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: OrderedDict[str, SharedContext] = OrderedDict()

    def get(self, name: str, key: str | None) -> SharedContext:
        """The Context of a key, or a new one."""
        if key is None:
            return SharedContext(self._core, name, None)
        with self._core.lock:
            context = self._known.get(key) or SharedContext(self._core, name, key)
            self._known[key] = context
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return context
