from __future__ import annotations

import numpy as np
import pytest

from backprop.graph.graph import Graph
from backprop.ops.contract import matmul
from backprop.ops.elementwise import add
from backprop.ops.shape import filled, permute
from backprop.ops.types import array_type
from backprop.scheduler.cost import Cost, Machine, cost, free_nodes
from tests.scheduler.graphs import Hand

MACHINE = Machine(blas_per_s=1e9, elements_per_s=1e9, bytes_per_s=1e9, call_s=1e-6, view_s=1e-7)


def cost_of_last(graph: Graph) -> Cost:
    node = graph.nodes[-1]
    return cost(node, tuple(graph.type_of(i) for i in node.inputs), MACHINE)


def square(n: int) -> Hand:
    return Hand(array_type((n, n), np.dtype("float64")))


def test_a_product_costs_its_flops_and_bytes() -> None:
    hand = square(100)
    got = cost_of_last(hand.graph(hand(matmul, 0, 0)))
    assert got.seconds == pytest.approx(1e-6 + 2e6 / 1e9 + 3 * 80_000 / 1e9)
    assert got.nbytes == 80_000


def test_a_view_costs_a_call_whatever_its_size() -> None:
    hand = square(1000)
    graph = hand.graph(hand(permute, 0, axes=(1, 0)))
    assert cost_of_last(graph).seconds == MACHINE.view_s
    assert free_nodes(graph)[-1]


def test_an_elementwise_op_counts_one_for_each_element() -> None:
    hand = square(10)
    got = cost_of_last(hand.graph(hand(add, 0, 0)))
    assert got.seconds == pytest.approx(1e-6 + 100 / 1e9 + 2400 / 1e9)


def test_a_literal_costs_nothing() -> None:
    hand = Hand()
    assert cost_of_last(hand.graph(hand.literal(np.ones(1000)))).seconds == 0.0


def test_what_reads_nothing_is_free() -> None:
    hand = Hand()
    graph = hand.graph(hand(filled, shape=(3,), dtype="float64", value="1.0"))
    assert free_nodes(graph)[-1]
    assert not any(free_nodes(square_sum()))


def square_sum() -> Graph:
    hand = square(2)
    return hand.graph(hand(add, 0, 0))
