"""Costs that are corrected by what ops were measured to take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.graph import Graph, bodies
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.scheduler.machine.cost import Cost, Machine, costs
from backprop.scheduler.machine.learned import LEAST, MOST, corrected, factors, size_class
from tests.scheduler.graphs import Hand

FLOAT = np.dtype("float64")


def product(rows: int, columns: int) -> Graph:
    hand = Hand(array_type((rows, 64), FLOAT), array_type((64, columns), FLOAT))
    return hand.graph(hand(matmul, 0, 1))


def name(graph: Graph) -> str:
    node = graph.nodes[-1]
    return size_class(node, tuple([graph.type_of(i) for i in node.inputs]))


def test_sizes_near_each_other_are_of_a_class_and_others_are_not() -> None:
    assert name(product(60, 60)) == name(product(64, 64))
    assert len({name(product(64, 64)), name(product(128, 64)), name(product(64, 1)), name(product(4096, 1))}) == 4


def test_an_op_that_holds_a_graph_is_of_a_class_with_those_that_hold_the_same_ops() -> None:
    def loop(f: Any) -> str:
        graph = bp.compile(lambda x: bp.scan(lambda c, r: (f(c) + r, c), x, np.ones(9))[0]).graph(1.0)
        (node,) = [node for node in graph.nodes if bodies(node)]
        return size_class(node, tuple([graph.type_of(i) for i in node.inputs]))

    names = [loop(f) for f in (np.sin, np.cos, np.sin)]
    assert names[0] == names[2] != names[1]


def test_a_factor_makes_a_node_dearer_by_so_much_and_no_other() -> None:
    hand = Hand(array_type((1000,), FLOAT))
    graph = hand.graph(hand(sin, hand(sin, 0)))
    small = Hand(array_type((10,), FLOAT))
    other = small.graph(small(sin, 0))
    machine = corrected(Machine(), {name(graph): 3.0})
    plain = costs(graph, Machine())
    assert [c.seconds for c in costs(graph, machine)] == [pytest.approx(3 * c.seconds) for c in plain]
    assert [c.gil_s for c in costs(graph, machine)] == [c.gil_s for c in plain]  # a call takes what it takes
    assert costs(other, machine) == costs(other, Machine())
    assert corrected(machine, {}) == machine.rates == Machine()


def test_what_holds_the_gil_all_the_time_holds_it_for_longer() -> None:
    small = Hand(array_type((10,), FLOAT))
    graph = small.graph(small(sin, 0))
    (price,) = costs(graph, corrected(Machine(), {name(graph): 3.0}))
    assert price == Cost(price.seconds, 80, price.seconds)


def test_nodes_of_a_class_take_together_what_they_took() -> None:
    found = factors([("a", 1.0, 4.0), ("a", 3.0, 4.0), ("b", 2.0, 1.0), ("free", 0.0, 1.0)])
    assert found == {"a": 2.0, "b": 0.5}


def test_a_factor_is_bounded() -> None:
    assert factors([("a", 1.0, 0.0), ("b", 1e-9, 1.0)]) == {"a": LEAST, "b": MOST}
