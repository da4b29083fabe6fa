from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given

from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.branch_order import NEAR, order_by_branch
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.arrays.joins import concat_along
from backprop.ops.arrays.views import sum_to
from backprop.ops.core.op import Kind, Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add, multiply
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.programs.memory.arena import plan_memory
from tests.scheduler.graphs import Hand
from tests.strategies import programs

X = array_type((10,), np.dtype("float64"))


def forward_then_back(count: int, length: int) -> Graph:
    """Branches that all go forward before any goes back, as `differentiate` makes them."""
    hand = Hand(*[X] * count)
    kept = [[b] for b in range(count)]
    for b in range(count):
        for _ in range(length):
            kept[b].append(hand(sin, kept[b][-1]))
    ends = []
    for b in range(count):
        g = kept[b].pop()
        for residual in reversed(kept[b]):
            g = hand(multiply, g, residual)
        ends.append(g)
    return hand.graph(*ends)


def test_a_branch_goes_back_before_the_next_goes_forward() -> None:
    graph = forward_then_back(8, 10)
    ordered = verify(order_by_branch(graph))
    assert plan_memory(graph, 0).nbytes > 7 * plan_memory(ordered, 0).nbytes
    values = [np.full(10, b + 1.0) for b in range(8)]
    for a, b in zip(evaluate(graph, values), evaluate(ordered, values), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_graph_in_that_order_stays_as_it_is() -> None:
    ordered = order_by_branch(forward_then_back(3, 4))
    assert order_by_branch(ordered) is ordered


def test_a_gradient_is_added_up_as_soon_as_it_can_be() -> None:
    hand = Hand(X)
    terms, g = [], 0
    for _ in range(20):
        g = hand(sin, g)
        terms.append(hand(multiply, g, g))
    ordered = order_by_branch(hand.graph(hand(accumulate, *terms), g))
    assert [node.op.name for node in ordered.nodes[:4]] == ["sin", "multiply", "sin", "multiply"]


def test_a_shared_view_does_not_tie_branches_together() -> None:
    hand = Hand(*[X] * 3)
    ends: list[int] = []
    shared = [hand(sin, 0) for _ in range(40)]
    for b in (1, 2):
        end = b
        for row in shared:
            end = hand(add, hand(multiply, row, b), hand(sin, end))
        ends.append(end)
    ordered = order_by_branch(hand.graph(*ends))
    half = len(ordered.nodes) // 2
    assert sum(2 in node.inputs for node in ordered.nodes[:half]) <= NEAR


def with_shared_copy(count: int) -> Graph:
    """Branches that end with a product of what they joined, and with something deeper; all share a copy of inputs."""
    hand = Hand(*[X] * (count + 1))
    shared = hand(concat_along, count, count, axis=0)
    products, deeper = [], []
    for b in range(count):
        joined = hand(concat_along, hand(sin, b), hand(sin, hand(sin, b)), axis=0)
        products.append(hand(sum_to, hand(multiply, shared, joined), shape=()))
        deeper.append(hand(sum_to, hand(sin, hand(sin, hand(sin, joined))), shape=()))
    return hand.graph(*products, *deeper)


def test_a_shared_copy_of_inputs_does_not_tie_branches_together() -> None:
    few, many = (plan_memory(verify(order_by_branch(with_shared_copy(count))), 0).nbytes for count in (4, 32))
    assert few == many


def test_a_value_is_made_right_before_it_is_read() -> None:
    hand = Hand(X, X)
    end = 0
    for _ in range(10):
        end = hand(add, hand(multiply, hand(sin, 1), 1), hand(sin, end))
    memory = plan_memory(order_by_branch(hand.graph(hand(sin, end))), 0)
    assert len(memory.slabs) <= 3


def test_local_ops_stay_in_their_order() -> None:
    local = Op("local", lambda t: t, lambda x: x, kind=Kind.HOST_PINNED)
    hand = Hand(X, X)
    one = hand(local, hand(sin, hand(sin, 0)))
    two = hand(local, 1)
    three = hand(local, 0)
    graph = order_by_branch(hand.graph(hand(add, hand(add, three, two), one)))
    reads: list[Any] = [node.inputs for node in graph.nodes if node.op is local]
    assert reads[1:] == [(1,), (0,)]


@given(programs())
def test_no_bit_changes(program: Any) -> None:
    graph = program.graph
    for a, b in zip(
        evaluate(graph, program.values), evaluate(verify(order_by_branch(graph)), program.values), strict=True
    ):
        np.testing.assert_array_equal(a, b)
