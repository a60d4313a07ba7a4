"""The scheduler on its own: random plans, random outcomes, and what must hold of every run."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mplp_mock_server.services._plan_graph import Edge, Node, PlanGraph
from mplp_mock_server.services.execution._scheduler import ENDED, Rules, Scheduler, Step

TYPES = ("finish_to_start", "start_to_start", "finish_to_finish")


def graph(names: str, *edges: tuple[str, str, str] | tuple[str, str, str, str], **parents: str) -> PlanGraph:
    nodes = [Node(name, name, parent=parents.get(name)) for name in names]
    return PlanGraph(nodes, [Edge(*edge) for edge in edges])


@st.composite
def graphs(draw: Any) -> PlanGraph:
    """Tasks in a hidden order in which all edges go forward, told in another one."""
    count = draw(st.integers(0, 9))
    hidden = [f"t{number}" for number in range(count)]
    pairs = [(a, b) for at, a in enumerate(hidden) for b in hidden[at + 1 :]]
    kinds = st.tuples(st.sampled_from(TYPES), st.sampled_from(("success", "failure", "always")))
    edges = [Edge(*pair, *draw(kinds)) for pair in pairs if draw(st.integers(0, 3)) == 0]
    nodes = [Node(name, name) for name in draw(st.permutations(hidden))]
    for at, node in enumerate(nodes):
        others = [other.id for other in nodes if other.id != node.id]
        if others and draw(st.integers(0, 3)) == 0:
            nodes[at] = dataclasses.replace(node, parent=draw(st.sampled_from(others)))
            if PlanGraph(nodes, edges).cycle() is not None:
                nodes[at] = node
    return PlanGraph(nodes, edges)


rules = st.builds(
    Rules,
    at_once=st.one_of(st.none(), st.integers(1, 3)),
    conditional=st.booleans(),
    retries=st.integers(0, 2),
    stop_on_error=st.booleans(),
)


class Watched:
    """Carries a plan out, and notes when what happened."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.working: list[str] = []
        self.steps: list[Step] = []
        self.worked: dict[str, int] = {}
        """When a task's last attempt ended: how many steps had been told."""
        self.most = 0

    def advance(self) -> None:
        for step in self.scheduler.advance():
            self.steps.append(step)
            if step.change == "started":
                self.working.append(step.task_id)
                self.most = max(self.most, len(self.working))

    def end(self, task_id: str, *, ok: bool) -> bool:
        self.working.remove(task_id)
        return self.scheduler.attempt_ended(task_id, ok=ok)

    def run(self, draw: Any) -> None:
        self.advance()
        while self.scheduler.outcome is None:
            assert self.working, "nothing works, and the plan has not ended"
            self.end(draw(st.sampled_from(sorted(self.working))), ok=draw(st.integers(0, 3)) > 0)
            self.advance()

    def at(self, task_id: str, *changes: str) -> int | None:
        """Where the first such step of a task stands."""
        found = (n for n, s in enumerate(self.steps) if s.task_id == task_id and s.change in changes)
        return next(found, None)

    def began(self, task_id: str) -> int | None:
        return self.at(task_id, "started", "opened")

    def ended(self, task_id: str) -> int | None:
        return self.at(task_id, *ENDED)


def check_order(plan: PlanGraph, seen: Watched) -> None:
    for edge in plan.edges:
        began, ended = seen.began(edge.after), seen.at(edge.after, "completed")
        if edge.type == "finish_to_finish":
            before = seen.ended(edge.before)
            assert ended is None or (before is not None and before < ended), edge
        elif began is not None:
            before = (seen.ended if edge.type == "finish_to_start" else seen.began)(edge.before)
            assert before is not None, edge
            assert before < began, edge
    for parent, parts in plan.parts.items():
        for part in parts:
            if (began := seen.began(part)) is not None:
                opened, closed = seen.began(parent), seen.ended(parent)
                assert opened is not None
                assert closed is not None
                assert opened < began < closed


@settings(max_examples=300, deadline=None)
@given(plan=graphs(), how=rules, data=st.data())
def test_every_task_reaches_one_end_and_the_order_keeps_all_edges(
    plan: PlanGraph, how: Rules, data: st.DataObject
) -> None:
    seen = Watched(Scheduler(plan, how))
    seen.run(data.draw)
    ends = Counter(step.task_id for step in seen.steps if step.change in ENDED)
    assert ends == dict.fromkeys(plan.nodes, 1)
    assert seen.working == []
    assert how.at_once is None or seen.most <= how.at_once
    check_order(plan, seen)
    last = {step.task_id: step.change for step in seen.steps}
    assert {task_id: seen.scheduler.status(task_id) for task_id in plan.nodes} == last
    assert seen.scheduler.outcome == "completed" or "failed" in last.values()


@settings(max_examples=200, deadline=None)
@given(plan=graphs(), how=rules, data=st.data())
def test_attempts_are_counted_exactly(plan: PlanGraph, how: Rules, data: st.DataObject) -> None:
    how = dataclasses.replace(how, stop_on_error=False)
    fails = {task_id: data.draw(st.integers(0, 4)) for task_id in plan.nodes}
    seen = Watched(Scheduler(plan, how))
    seen.advance()
    tried: Counter[str] = Counter()
    while seen.scheduler.outcome is None:
        task_id = data.draw(st.sampled_from(sorted(seen.working)))
        tried[task_id] += 1
        seen.end(task_id, ok=tried[task_id] > fails[task_id])
        seen.advance()
    for task_id in plan.nodes:
        starts = [step.attempt for step in seen.steps if (step.task_id, step.change) == (task_id, "started")]
        assert starts == list(range(1, tried[task_id] + 1))
        if starts:
            assert len(starts) == min(fails[task_id], how.retries) + 1
            assert (seen.scheduler.status(task_id) == "failed") == (fails[task_id] > how.retries)


@settings(max_examples=200, deadline=None)
@given(plan=graphs(), how=rules, data=st.data())
def test_after_a_cancellation_nothing_runs_and_nothing_starts(
    plan: PlanGraph, how: Rules, data: st.DataObject
) -> None:
    seen = Watched(Scheduler(plan, how))
    seen.advance()
    for _ in range(data.draw(st.integers(0, 5))):
        if seen.working:
            seen.end(data.draw(st.sampled_from(sorted(seen.working))), ok=data.draw(st.booleans()))
            seen.advance()
    over = seen.scheduler.outcome
    seen.scheduler.cancel()
    for step in seen.scheduler.advance():
        assert step.change == "cancelled"
    assert all(seen.scheduler.status(task_id) in ENDED for task_id in plan.nodes)
    assert seen.scheduler.outcome == "cancelled" or over is not None
    for task_id in list(seen.working):
        assert not seen.end(task_id, ok=True)
    assert seen.scheduler.advance() == []


@settings(max_examples=200, deadline=None)
@given(plan=graphs(), how=rules, data=st.data())
def test_commands_at_any_time_leave_a_plan_that_ends(
    plan: PlanGraph, how: Rules, data: st.DataObject
) -> None:
    seen = Watched(Scheduler(plan, how))
    seen.advance()
    for _ in range(data.draw(st.integers(0, 12)) if plan.nodes else 0):
        task_id = data.draw(st.sampled_from(sorted(plan.nodes)))
        do = data.draw(st.sampled_from(("skip", "retry", "pause", "work", "work")))
        if do == "pause":
            seen.scheduler.paused = not seen.scheduler.paused
        elif do == "work" and seen.working:
            seen.end(data.draw(st.sampled_from(sorted(seen.working))), ok=data.draw(st.booleans()))
        elif do in ("skip", "retry") and seen.scheduler.outcome is None:
            getattr(seen.scheduler, do)(task_id)
        before = len(seen.working)
        seen.advance()
        assert not seen.scheduler.paused or len(seen.working) <= before
        assert how.at_once is None or len(seen.working) <= how.at_once
    seen.scheduler.paused = False
    seen.run(data.draw)
    assert all(seen.scheduler.status(task_id) in ENDED for task_id in plan.nodes)


def test_a_deep_nest_of_parts_is_followed_to_its_end() -> None:
    names = [f"t{number}" for number in range(3000)]
    nodes = [Node(name, name, parent=names[at - 1] if at else None) for at, name in enumerate(names)]
    plan = PlanGraph(nodes)
    assert plan.cycle() is None
    seen = Watched(Scheduler(plan, Rules(conditional=True)))
    seen.advance()
    assert seen.working == [names[-1]]
    seen.end(names[-1], ok=False)
    seen.advance()
    assert seen.scheduler.outcome == "failed"


def test_tasks_start_in_the_order_of_the_plan() -> None:
    seen = Watched(Scheduler(graph("dcab", ("a", "d", "finish_to_start")), Rules(at_once=1)))
    seen.advance()
    while seen.scheduler.outcome is None:
        seen.end(seen.working[0], ok=True)
        seen.advance()
    assert [step.task_id for step in seen.steps if step.change == "started"] == list("cadb")


def test_a_skip_by_hand_counts_as_done_and_a_skip_by_rule_does_not() -> None:
    edges = ("a", "b", "finish_to_start"), ("b", "c", "finish_to_start")
    by_hand = Watched(Scheduler(graph("abc", *edges), Rules()))
    by_hand.advance()
    assert by_hand.scheduler.skip("b")
    by_hand.end("a", ok=True)
    by_hand.advance()
    assert by_hand.working == ["c"]
    by_rule = Watched(Scheduler(graph("abc", *edges), Rules(stop_on_error=False)))
    by_rule.advance()
    by_rule.end("a", ok=False)
    by_rule.advance()
    assert [step.because for step in by_rule.steps[-2:]] == ["'a' is failed", "'b' is skipped"]


def test_a_part_that_was_done_again_opens_what_it_is_a_part_of() -> None:
    # A task of its own keeps the plan from ending before.
    busy = graph("pxzb", ("p", "z", "finish_to_start"), x="p")
    seen = Watched(Scheduler(busy, Rules(stop_on_error=False)))
    seen.advance()
    seen.end("x", ok=False)
    seen.advance()
    assert [seen.scheduler.status(name) for name in "pxz"] == ["failed", "failed", "skipped"]
    assert not seen.scheduler.retry("p")
    assert seen.scheduler.retry("x")
    seen.advance()
    assert [seen.scheduler.status(name) for name in "pxz"] == ["running", "running", "pending"]
    for name in "xbz":
        seen.end(name, ok=True)
        seen.advance()
    assert seen.scheduler.outcome == "completed"
