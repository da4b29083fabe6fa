"""Small graphs: small values, and not too many of them."""

from __future__ import annotations

import numpy as np

import backprop as bp
from backprop.graph.graph import Graph, Node
from backprop.graph.params import NO_PARAMS
from backprop.graph.passes.smallness import SMALL_IN_TOTAL, SMALL_VALUE, is_small
from backprop.ops.elementwise.trigonometric import sin


def chain(elements: int, length: int) -> Graph:
    x = bp.ArrayType(elements)
    return Graph((x,), tuple(Node(sin, (k,), NO_PARAMS, x) for k in range(length)), (length,))


def test_a_few_small_values_are_small() -> None:
    assert is_small(chain(10, 1000))
    assert is_small(Graph((bp.ArrayType(10**6),), (), (0,)))


def test_one_large_value_is_not() -> None:
    assert not is_small(chain(SMALL_VALUE // np.dtype("float64").itemsize, 1))


def test_many_small_values_are_not() -> None:
    assert not is_small(chain(500, SMALL_IN_TOTAL // 4000 + 1))
