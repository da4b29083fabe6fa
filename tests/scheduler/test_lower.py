from __future__ import annotations

import dask
import numpy as np

from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.inline import programs
from backprop.scheduler.lower import LARGE, Lowered, calls, lower
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")


def residual_plan(n: int) -> Plan:
    """Task 0 gives two results, of which task 1 reads one; both are results of the plan through tasks 1 and 2."""
    hand = Hand(array_type((n,), F8))
    a = hand(sin, 0)
    b = hand(sin, a)
    c = hand(sin, a)
    d = hand(add, b, c)
    return make_plan(hand.graph(c, d, 0), ((a, b), (c,), (d,)))


def run(lowered: Lowered, plan: Plan, x: np.ndarray) -> tuple[object, ...]:
    return lowered.results(dask.get(lowered.tasks, list(lowered.keys)), [x], plan)


def test_the_dask_graph_computes_the_plan() -> None:
    plan, x = residual_plan(5), np.arange(5.0)
    got = run(lower(plan, [x], calls(programs(plan))), plan, x)
    s = np.sin(np.sin(x))
    np.testing.assert_array_equal(got[0], s)
    np.testing.assert_array_equal(got[1], s + s)
    assert got[2] is x


def test_each_task_is_one_dask_task_and_keys_are_new_each_time() -> None:
    plan, x = residual_plan(5), np.arange(5.0)
    one, two = (lower(plan, [x], calls(programs(plan))) for _ in range(2))
    assert len(one.tasks) == len(plan.tasks) == 3
    assert not set(one.tasks) & set(two.tasks)


def test_dependencies_are_those_of_the_plan() -> None:
    plan, x = residual_plan(5), np.arange(5.0)
    lowered = lower(plan, [x], calls(programs(plan)), token="t")
    found = {key[1]: {k[1] for k in task.dependencies} for key, task in lowered.tasks.items()}
    assert found == {0: set(), 1: {0}, 2: {0, 1}}


def test_large_unwanted_results_are_not_sent() -> None:
    n = LARGE // 8
    plan, x = residual_plan(n), np.arange(float(n))
    lowered = lower(plan, [x], calls(programs(plan)), split=True, token="t")
    assert sum(key[0] == "bp-pick-t" for key in lowered.tasks) > 0
    got = run(lowered, plan, x)
    np.testing.assert_array_equal(got[1], 2 * np.sin(np.sin(x)))
