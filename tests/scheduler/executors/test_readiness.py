"""The state machine without threads: what may happen in a run, in any order, for any plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.readiness import (
    Dependencies,
    Readiness,
    Results,
    dependencies,
    run_in_order,
)
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.programs.program import compile_program
from tests.scheduler.graphs import Hand

X = array_type((4,), np.dtype("float64"))


@st.composite
def orders(draw: st.DrawFn) -> Dependencies:
    """The dependencies of a random plan of up to twelve tasks."""
    count = draw(st.integers(0, 12))
    waits = [tuple(sorted(draw(st.sets(st.integers(0, k - 1), max_size=3)))) if k else () for k in range(count)]
    readers = tuple(tuple(t for t in range(count) if k in waits[t]) for k in range(count))
    kept = frozenset(k for k in range(count) if not readers[k] or draw(st.booleans()))
    return Dependencies(tuple(waits), readers, kept)


@dataclass
class Simulation:
    """Workers that do one thing at a time, in an order that is drawn; no threads."""

    order: Dependencies
    workers: int
    data: st.DataObject
    failing: frozenset[int] = frozenset()
    interrupt_at: int = -1
    was_interrupted: bool = False
    running: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    let_go: list[int] = field(default_factory=list)

    def run(self) -> Readiness:
        state, steps = Readiness(self.order), 0
        while not state.ended:
            if steps == self.interrupt_at:
                state.interrupted(KeyboardInterrupt())
                self.was_interrupted = True
            may_start = bool(state.startable) and len(self.running) < self.workers
            assert may_start or self.running or steps == self.interrupt_at, "stuck"
            if may_start and (not self.running or self.data.draw(st.booleans())):
                task = state.start()
                assert task is not None
                self.check_start(task, state)
            elif self.running:
                self.end(self.running.pop(self.data.draw(st.integers(0, len(self.running) - 1))), state)
            assert state.running == len(self.running)
            steps += 1
            assert steps < 10 * len(self.order.waits) + 10, "it goes on for ever"
        return state

    def check_start(self, task: int, state: Readiness) -> None:
        assert state.error is None
        assert task not in self.started
        assert set(self.order.waits[task]) <= set(self.finished)
        assert not set(self.order.waits[task]) & set(self.let_go)
        self.started.append(task)
        self.running.append(task)

    def end(self, task: int, state: Readiness) -> None:
        if task in self.failing:
            state.failed(task, ValueError(task))
        else:
            self.finished.append(task)
            self.let_go += state.finished(task)


@settings(max_examples=1000)
@given(orders(), st.integers(1, 4), st.data())
def test_every_task_runs_once_after_those_it_waits_for(order: Dependencies, workers: int, data: st.DataObject) -> None:
    simulation = Simulation(order, workers, data)
    state = simulation.run()
    assert state.error is None
    assert sorted(simulation.finished) == list(range(len(order.waits)))
    assert sorted(simulation.let_go) == sorted(set(range(len(order.waits))) - order.kept)


@settings(max_examples=1000)
@given(orders(), st.integers(1, 4), st.data())
def test_after_a_failure_at_any_task_nothing_starts_and_the_run_ends(
    order: Dependencies, workers: int, data: st.DataObject
) -> None:
    tasks = range(len(order.waits))
    failing = frozenset(data.draw(st.sets(st.sampled_from(tasks), min_size=1))) if tasks else frozenset()
    simulation = Simulation(order, workers, data, failing)
    state = simulation.run()
    assert not state.running
    assert isinstance(state.error, ValueError) == bool(failing)
    assert not state.startable
    if failing:
        assert state.start() is None


@settings(max_examples=1000)
@given(orders(), st.integers(1, 4), st.integers(0, 30), st.data())
def test_after_an_interrupt_at_any_step_nothing_starts_and_the_run_ends(
    order: Dependencies, workers: int, step: int, data: st.DataObject
) -> None:
    simulation = Simulation(order, workers, data, interrupt_at=step)
    state = simulation.run()
    assert not state.running
    assert state.start() is None
    assert isinstance(state.error, KeyboardInterrupt) == simulation.was_interrupted
    assert simulation.was_interrupted or sorted(simulation.finished) == list(range(len(order.waits)))


@given(orders())
def test_one_worker_goes_through_the_plan_in_its_order(order: Dependencies) -> None:
    state, seen = Readiness(order), []
    while (task := state.start()) is not None:
        seen.append(task)
        state.finished(task)
    assert seen == list(range(len(order.waits)))


def test_an_interrupt_counts_more_than_the_error_of_a_task_and_the_first_error_more_than_the_second() -> None:
    state = Readiness(Dependencies(((), ()), ((), ()), frozenset({0, 1})))
    state.start()
    state.start()
    first, interrupt = ValueError(), KeyboardInterrupt()
    state.failed(0, first)
    state.failed(1, ValueError())
    assert state.error is first
    state.interrupted(interrupt)
    state.interrupted(SystemExit())
    assert state.error is interrupt


def test_the_dependencies_of_a_plan() -> None:
    hand = Hand(X)
    a = hand(sin, 0)
    b, c = hand(sin, a), hand(add, a, 0)
    plan = make_plan(hand.graph(b, hand(add, b, c)), tuple((i,) for i in range(1, 5)))
    assert dependencies(plan) == Dependencies(((), (0,), (0,), (1, 2)), ((1, 2), (3,), (3,), ()), frozenset({1, 3}))


def test_results_that_were_let_go_are_not_there() -> None:
    hand = Hand(X)
    plan = make_plan(hand.graph(hand(sin, hand(sin, 0))), ((1,), (2,)))
    results = Results(plan, [np.ones(4)])
    with pytest.raises(LookupError, match="task 0"):
        results.arguments(1)
    results.put(0, (np.zeros(4),), ())
    assert results.arguments(1)[0].tolist() == [0.0] * 4
    results.put(1, (np.ones(4),), (0,))
    with pytest.raises(LookupError, match="task 0"):
        results.arguments(1)
    assert results.outputs()[0].tolist() == [1.0] * 4


def test_in_one_thread() -> None:
    hand = Hand(X)
    plan = make_plan(hand.graph(hand(add, hand(sin, 0), 0), 0), ((1,), (2,)))
    runners = [compile_program(task.body) for task in plan.tasks]
    got = run_in_order(plan, [np.ones(4)], runners)
    np.testing.assert_array_equal(got[0], np.sin(np.ones(4)) + 1)
