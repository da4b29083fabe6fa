from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backprop.graph.graph import Graph
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.arrays.creation import filled
from backprop.ops.arrays.indexing.items import take_index
from backprop.ops.arrays.views import permute
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type, scalar_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.exponential import exp
from backprop.ops.elementwise.powers import power
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.ops.linear_algebra.spectral.eigen import hermitian_eig
from backprop.ops.reductions.reductions import reduce_sum
from backprop.ops.special.bessel_functions import jv
from backprop.scheduler.machine.cost import HOLDS_GIL, Cost, Machine, cost, costs, free_nodes, kinds
from tests.scheduler.graphs import Hand

MACHINE = Machine(
    blas_per_s=1e9, elements_per_s=1e8, functions_per_s=1e7, cache_bytes=1, bytes_per_s=1e9, call_s=1e-6, view_s=1e-7
)
NO_BYTES = replace(MACHINE, cache_bytes=1e15)


def cost_of_last(graph: Graph, machine: Machine = NO_BYTES) -> Cost:
    node = graph.nodes[-1]
    return cost(node, tuple(graph.type_of(i) for i in node.inputs), machine)


def square(n: int, dtype: str = "float64") -> Hand:
    return Hand(array_type((n, n), np.dtype(dtype)))


def vector(n: int) -> Hand:
    return Hand(array_type((n,), np.dtype("float64")))


def test_a_product_costs_its_flops() -> None:
    hand = square(100)
    got = cost_of_last(hand.graph(hand(matmul, 0, 0)))
    assert got.seconds == pytest.approx(1e-6 + 2e6 / 1e9)
    assert got.nbytes == 80_000


def test_bytes_cost_where_they_do_not_fit_the_cache() -> None:
    hand = square(100)
    graph = hand.graph(hand(add, 0, 0))
    inside, part, beyond = (
        cost_of_last(graph, replace(MACHINE, cache_bytes=size)).seconds for size in (240_000, 140_000, 1)
    )
    assert inside == pytest.approx(1e-6 + 1e4 / 1e8)
    assert part - inside == pytest.approx(1e5 / 1e9)
    assert beyond - inside == pytest.approx(2.4e5 / 1e9, rel=1e-4)


def test_single_precision_is_quicker_by_what_the_machine_says() -> None:
    hands = [square(100, dtype) for dtype in ("float64", "float32")]
    double, single = (cost_of_last(hand.graph(hand(matmul, 0, 0)), replace(NO_BYTES, single=4)) for hand in hands)
    assert double.seconds - 1e-6 == pytest.approx(4 * (single.seconds - 1e-6))


def test_scalars_cost_as_little_as_a_view() -> None:
    hand = Hand(scalar_type(np.dtype("float64")), array_type((1,), np.dtype("float64")))
    assert cost_of_last(hand.graph(hand(add, 0, 0))).seconds == pytest.approx(MACHINE.view_s + 1 / 1e8)
    assert cost_of_last(hand.graph(hand(add, 0, 1))).seconds == pytest.approx(MACHINE.call_s + 1 / 1e8)


def test_a_view_costs_a_call_whatever_its_size() -> None:
    hand = square(1000)
    graph = hand.graph(hand(permute, 0, axes=(1, 0)))
    assert cost_of_last(graph).seconds == MACHINE.view_s
    assert free_nodes(graph)[-1]


def test_arithmetic_counts_one_for_each_element_and_further_operand() -> None:
    hand = vector(1000)
    assert cost_of_last(hand.graph(hand(add, 0, 0))).seconds == pytest.approx(1e-6 + 1000 / 1e8)
    assert cost_of_last(hand.graph(hand(accumulate, 0, 0, 0, 0))).seconds == pytest.approx(1e-6 + 3000 / 1e8)


@pytest.mark.parametrize(("op", "operands", "seconds"), [(add, 2, 1e-5), (exp, 1, 5e-4), (sin, 1, 4e-3), (jv, 2, 5e-2)])
def test_functions_cost_more_than_arithmetic_in_three_classes(op: Op, operands: int, seconds: float) -> None:
    hand = vector(1000)
    assert cost_of_last(hand.graph(hand(op, *[0] * operands))).seconds == pytest.approx(1e-6 + seconds)


@pytest.mark.parametrize("operands", [(0, 1), (1, 0)])
def test_a_function_counts_its_largest_operand(operands: tuple[int, int]) -> None:
    hand = Hand(array_type((1000,), np.dtype("float64")), array_type((1,), np.dtype("float64")))
    assert cost_of_last(hand.graph(hand(power, *operands))).seconds == pytest.approx(1e-6 + 5e-4)


def test_a_reduction_counts_what_it_reads() -> None:
    hand = vector(1000)
    got = cost_of_last(hand.graph(hand(reduce_sum, 0, axes=(0,), keepdims=False)))
    assert got.seconds == pytest.approx(1e-6 + 1000 / 1e8)


def test_a_gather_costs_what_it_picks_and_not_what_it_picks_from() -> None:
    costs = []
    for rows in (100, 10_000):
        hand = Hand(array_type((rows, 8), np.dtype("float64")), array_type((50,), np.dtype("int64")))
        node = hand(take_index, 0, 1, key=("array",), unique=False)
        costs.append(cost_of_last(hand.graph(node), MACHINE))
    assert costs[0] == costs[1]
    assert costs[0].seconds == pytest.approx(1e-6 + 5 * 400 / 1e7 + (2 * 3200 + 400) / 1e9, rel=1e-4)


def test_a_decomposition_costs_as_a_product_that_takes_as_long() -> None:
    hand = square(100)
    assert cost_of_last(hand.graph(hand(hermitian_eig, 0, uplo="L"))).seconds == pytest.approx(1e-6 + 20e6 / 1e9)


def test_a_literal_costs_nothing() -> None:
    hand = Hand()
    assert cost_of_last(hand.graph(hand.literal(np.ones(1000)))) == Cost(0.0, 8000, 0.0)


def test_small_arrays_hold_the_gil_and_large_ones_only_for_the_call() -> None:
    small, large = vector(HOLDS_GIL - 1), vector(HOLDS_GIL)
    held = cost_of_last(small.graph(small(exp, 0)))
    assert held.gil_s == held.seconds
    assert cost_of_last(large.graph(large(exp, 0))).gil_s == MACHINE.call_s


def test_a_product_releases_the_gil() -> None:
    hand = square(10)
    assert cost_of_last(hand.graph(hand(matmul, 0, 0))).gil_s == MACHINE.call_s


@pytest.mark.parametrize(
    ("op", "inputs", "params"),
    [(matmul, (0, 0), {}), (add, (0, 0), {}), (exp, (0,), {}), (permute, (0,), {"axes": (1, 0)})],
)
def test_on_a_slower_machine_each_node_takes_longer(op: Op, inputs: tuple[int, ...], params: dict[str, Any]) -> None:
    hand = square(100)
    graph = hand.graph(hand(op, *inputs, **params))
    assert cost_of_last(graph, MACHINE.slower(3)).seconds == pytest.approx(3 * cost_of_last(graph, MACHINE).seconds)


def test_on_a_slower_machine_a_task_costs_the_same() -> None:
    slow = MACHINE.slower(3)
    assert (slow.task_s, slow.link_bytes_per_s) == (MACHINE.task_s, MACHINE.link_bytes_per_s)


def test_what_reads_nothing_is_free() -> None:
    hand = Hand()
    graph = hand.graph(hand(filled, shape=(3,), dtype="float64", value="1.0"))
    assert free_nodes(graph)[-1]
    assert not any(free_nodes(square_sum()))


def square_sum() -> Graph:
    hand = square(2)
    return hand.graph(hand(add, 0, 0))


def test_the_costs_of_a_graph_are_those_of_its_nodes() -> None:
    hand = square(8)
    total = hand(reduce_sum, hand(matmul, 0, 0), axes=(0,), keepdims=False)
    graph = hand.graph(hand(add, hand(sin, total), hand(sin, total)))
    found = [cost(node, tuple(map(graph.type_of, node.inputs)), Machine()) for node in graph.nodes]
    assert costs(graph, Machine()) == found
    assert len({price.seconds for price in found}) > 2


def test_nodes_of_a_kind_are_counted() -> None:
    hand = square(8)
    total = hand(reduce_sum, hand(matmul, 0, 0), axes=(0,), keepdims=False)
    graph = hand.graph(hand(add, hand(sin, total), hand(sin, hand(sin, total))))
    found = kinds(graph)
    assert [(node.op, count) for node, _, count in found] == [(matmul, 1), (reduce_sum, 1), (sin, 3), (add, 1)]
    together = sum([count * cost(node, types, Machine()).seconds for node, types, count in found])
    assert together == pytest.approx(sum([price.seconds for price in costs(graph, Machine())]))
