from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import backprop as bp
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.ops.reductions.reductions import reduce_sum
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.planning.spent import own_results, spent
from tests.scheduler.graphs import Hand

MATRIX = array_type((40, 40), np.dtype("float64"))
NONE: frozenset[int] = frozenset()


def test_the_task_that_adds_up_has_its_terms_for_itself() -> None:
    hand = Hand(MATRIX)
    one, two = hand(sin, 0), hand(matmul, 0, 0)
    plan = make_plan(hand.graph(hand(add, one, two)), ((one,), (two,), (3,)))
    assert spent(plan) == (NONE, NONE, frozenset({0, 1}))


def test_inputs_of_a_plan_are_never_spent() -> None:
    hand = Hand(MATRIX)
    one = hand(sin, 0)
    plan = make_plan(hand.graph(hand(add, 0, one)), ((one,), (2,)))
    assert spent(plan) == (NONE, frozenset({1}))


def test_what_another_task_reads_is_not_spent() -> None:
    hand = Hand(MATRIX)
    one = hand(sin, 0)
    two, three = hand(sin, one), hand(add, one, one)
    plan = make_plan(hand.graph(two, three), ((one,), (two,), (three,)))
    assert spent(plan) == (NONE, NONE, NONE)


def test_what_a_plan_gives_is_not_spent() -> None:
    hand = Hand(MATRIX)
    one = hand(sin, 0)
    plan = make_plan(hand.graph(one, hand(sin, one)), ((one,), (2,)))
    assert spent(plan) == (NONE, NONE)


def test_results_that_share_memory_are_not_spent() -> None:
    hand = Hand(MATRIX)
    one = hand(sin, 0)
    turned = hand(permute, one, axes=(1, 0))
    assert own_results(hand.graph(one, turned, hand(sin, one))) == [False, False, True]


def test_neither_constants_nor_results_of_a_users_op_are_a_tasks_own() -> None:
    kept = np.ones((40, 40))
    once = bp.op(lambda x: kept, like=0)
    graph = bp.compile(lambda x: (once(x), np.sin(x)), executor="serial").graph(kept)
    assert own_results(graph) == [False, True]
    hand = Hand(MATRIX)
    constant = hand(sin, hand.literal(kept))
    users = hand(replace(sin, home=__name__), 0)
    assert own_results(hand.graph(constant, users, hand(add, constant, 0))) == [False, False, True]


def test_what_allocates_its_result_may_give_a_view_of_it() -> None:
    hand = Hand(MATRIX)
    graph = hand.graph(hand(reduce_sum, 0, axes=(1,), keepdims=False))
    assert own_results(graph) == [True]
    assert own_results(bp.compile(np.sort, executor="serial").graph(np.ones(9))) == [False]


def test_results_stay_what_they_are_when_a_plan_of_several_tasks_runs_again() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.sum(np.tanh(x @ w) ** 2)

    rng = np.random.default_rng(1)
    w, x = rng.standard_normal((200, 200)), rng.standard_normal((3000, 200))
    sharded = bp.grad(bp.minibatch(loss, 1, shards=3))
    step, serial = (bp.compile(sharded, executor=executor) for executor in (bp.Threads(2), bp.Serial()))
    with bp.measured_costs(False):
        results = [step(k * w, x) for k in range(1, 6)]
        assert any(spent(step.plan(w, x)))
    for k, got in enumerate(results, 1):
        np.testing.assert_array_equal(got, serial(k * w, x))
