"""Balanced sums: a tree that depends on the number of terms alone."""

from __future__ import annotations

import numpy as np
import pytest

import backprop as bp
from backprop.graph.bits import WIDTH
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node
from backprop.graph.params import NO_PARAMS
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate


def wide(n: int) -> Graph:
    x = bp.ArrayType(2)
    return Graph((x,) * n, (Node(accumulate, tuple(range(n)), NO_PARAMS, x),), (n,))


def depth(graph: Graph) -> int:
    levels = [0] * graph.first
    for node in graph.nodes:
        levels.append(1 + max(levels[i] for i in node.inputs))
    return levels[-1]


@pytest.mark.parametrize("n", [2, 3, WIDTH, WIDTH + 1, 16, 17, 100])
def test_each_term_counts_once(n: int) -> None:
    values = [np.array([2.0**k, 1.0]) for k in range(min(n, 50))] + [np.zeros(2)] * max(0, n - 50)
    graph = verify(simplify(wide(n)))
    np.testing.assert_array_equal(evaluate(graph, values)[0], np.sum(values, axis=0))
    assert all(2 <= len(node.inputs) <= WIDTH for node in graph.nodes)


@pytest.mark.parametrize("n", [2, 3, WIDTH])
def test_a_narrow_sum_stays(n: int) -> None:
    assert simplify(wide(n)) == wide(n)


def test_a_tree_is_as_low_as_its_width_allows() -> None:
    assert depth(simplify(wide(WIDTH))) == 1
    assert depth(simplify(wide(WIDTH**2))) == 2
    assert depth(simplify(wide(WIDTH**3))) == 3


def test_a_second_time_changes_nothing() -> None:
    once = simplify(wide(37))
    assert simplify(once) == once
