"""A run whose tasks are timed node by node: the results are those of any run, and each node has its seconds."""

from __future__ import annotations

import numpy as np
import pytest

from backprop.graph.ownership import contiguous
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.learning.node_clock import NodeClock, run_timed
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.programs.program import LONGEST
from tests.scheduler.graphs import Hand, branches, meaning

X = np.linspace(0.1, 1.0, 1000)


def test_results_are_those_of_a_run_and_each_node_of_the_tasks_asked_for_has_its_seconds() -> None:
    graph = branches(2, 3, X.size)
    half = len(graph) // 2
    ids = range(graph.first, graph.first + len(graph))
    plan = make_plan(graph, (tuple(ids[:half]), tuple(ids[half:])))
    values = [X] * graph.first
    results, seconds = run_timed(plan, (1,), values, 1)
    expected = Serial().run(plan, values)
    assert [contiguous(a).tobytes() for a in results] == [contiguous(a).tobytes() for a in expected]
    assert [contiguous(a).tobytes() for a in results] == [contiguous(a).tobytes() for a in meaning(graph, *values)]
    assert list(seconds) == [1]
    assert len(seconds[1]) == len(plan.tasks[1].body)
    assert sum(seconds[1]) > 0.0
    assert all(took >= 0.0 for took in seconds[1])


def test_a_program_that_is_a_loop_over_steps_is_not_timed_by_node() -> None:
    hand = Hand(array_type((3,), np.dtype("float64")))
    last = 0
    for _ in range(LONGEST + 1):
        last = hand(sin, last)
    plan = make_plan(hand.graph(last), (tuple(range(1, LONGEST + 2)),))
    assert NodeClock.of(plan.tasks[0]) is None
    results, seconds = run_timed(plan, (0,), [np.ones(3)], 1)
    assert seconds == {}
    assert results[0].shape == (3,)


def test_an_exception_names_the_op_as_in_any_run() -> None:
    hand = Hand(array_type((1000,), np.dtype("float64")))
    plan = make_plan(hand.graph(hand(sin, 0)), ((1,),))
    with pytest.raises(TypeError) as raised:
        NodeClock.of(plan.tasks[0])("no array")  # type: ignore[misc]  # it has code
    assert "while backprop ran sin(float64[1000])" in raised.value.__notes__[0]
