"""Which worker does which task: where its data is; and gradients of shards are added up in a tree that follows."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing.courses import planned
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.cluster.data.placement import placed
from backprop.scheduler.executors.cluster.resident.parts import Given, Local, Remote, parts
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.plan import Plan, PlanInput
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.planning.target import Target
from tests.scheduler.graphs import Hand

LARGE = array_type((1 << 20,), np.dtype(float))


def two_and_a_sum() -> Plan:
    hand = Hand(LARGE, LARGE)
    a, b = hand(sin, 0), hand(sin, 1)
    total = hand(add, a, b)
    return make_plan(hand.graph(total, a), ((a,), (b,), (total,)))


def test_tasks_go_where_their_data_lies() -> None:
    plan = two_and_a_sum()
    assert placed(plan, [1, 1], {0: 1, 1: 0})[:2] == [1, 0]
    assert placed(plan, [1, 1], {0: 1, 1: 1}) == [1, 1, 1]


def test_without_data_each_worker_gets_a_share() -> None:
    homes = placed(two_and_a_sum(), [1, 1], {})
    assert sorted(homes[:2]) == [0, 1]
    assert placed(two_and_a_sum(), [2], {}) == [0, 0, 0]


@pytest.mark.parametrize("held", [(0, 0, 1, 1), (0, 1, 0, 1), (1, 0, 0, 1)], ids=str)
def test_in_whatever_order_data_lies_no_task_leaves_it_where_all_have_the_same_to_do(held: tuple[int, ...]) -> None:
    assert placed(four_alone(), [1, 1], dict(enumerate(held))) == list(held)


def test_a_task_leaves_its_data_for_a_worker_that_would_have_nothing_to_do() -> None:
    assert sorted(placed(four_alone(), [1, 1], dict.fromkeys(range(4), 0))) == [0, 0, 1, 1]
    assert placed(four_alone(), [2, 1], {0: 0, 1: 0, 2: 1, 3: 0})[2] == 1


def four_alone() -> Plan:
    hand = Hand(LARGE, LARGE, LARGE, LARGE)
    found = [hand(sin, k) for k in range(4)]
    return make_plan(hand.graph(*found), tuple([(k,) for k in found]), Machine().slower(100.0))


def test_a_part_says_where_each_argument_comes_from() -> None:
    found = parts(two_and_a_sum(), ["a", "b", "a"])
    assert found["a"].given == (PlanInput(0),)
    assert found["a"].tasks[0].args == (Given(0),)
    assert found["a"].tasks[1].args == (Local(0, 0), Remote("b", 1, 0))
    assert found["a"].wanted == ((2, 0), (0, 0))
    assert (found["a"].taken, found["b"].taken) == (0, 1)
    assert found["b"].wanted == ()


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((np.tanh(x @ w) - y) ** 2)


@pytest.fixture(scope="module")
def gradient() -> Any:
    x, y = np.ones((4096, 300), np.float32), np.ones((4096, 200), np.float32)
    compiled = bp.compile(bp.grad(bp.minibatch(loss, (1, 2))), executor=bp.Serial())
    return compiled.graph(np.ones((300, 200), np.float32), x, y)


def plan_for(gradient: Any, workers: int) -> Plan:
    machine = replace(Machine().slower(1e3), link_bytes_per_s=1e6)  # so that tasks and messages are long
    return planned(gradient, Target(workers, 1e-2, machine, False), False).plan


@pytest.mark.parametrize("workers", [2, 4, 8, 16])
def test_no_worker_is_handed_more_gradients_than_the_workers_can_be_halved(gradient: Any, workers: int) -> None:
    plan = plan_for(gradient, workers)
    found = parts(plan, [str(w) for w in placed(plan, [1] * workers, {})])
    assert len(found) == workers
    (size,) = [t.nbytes for t in gradient.output_types]
    for part in found.values():
        read = dict.fromkeys(a for task in part.tasks for a in task.args if isinstance(a, Remote))
        nbytes = sum(plan.tasks[a.task].body.output_types[a.result].nbytes for a in read)
        assert nbytes <= 1.01 * size * log2(workers)


@pytest.mark.parametrize("workers", [2, 4, 16])
def test_a_shard_is_read_by_one_task(gradient: Any, workers: int) -> None:
    plan = plan_for(gradient, workers)
    readers = [slot for task in plan.tasks for slot in task.args if isinstance(slot, PlanInput) and slot.rows]
    assert len(readers) == len(set(readers)) == 2 * 16
