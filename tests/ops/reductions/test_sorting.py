"""Sorting: its gradient sorts once, and its price is that of comparisons."""

from __future__ import annotations

import numpy as np
import pytest

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.tracing.trace import trace
from backprop.ops.core.types import ArrayType
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.reductions.running import argsort_along, inverse_order
from backprop.scheduler.machine.cost import Machine, costs

RNG = np.random.default_rng(4)


@pytest.mark.parametrize(("shape", "axis"), [((6,), 0), ((3, 5), 0), ((3, 5), 1), ((2, 0), 1), ((2, 3, 4), 1)])
def test_the_inverse_of_an_order(shape: tuple[int, ...], axis: int) -> None:
    order = np.argsort(RNG.normal(size=shape), axis, kind="stable")
    inverse = inverse_order(order, axis=axis)
    assert inverse.dtype == np.intp
    np.testing.assert_array_equal(inverse, np.argsort(order, axis, kind="stable"))


def test_a_gradient_sorts_the_argument_once() -> None:
    graph = trace(lambda x: np.sum(np.sort(x) * np.arange(6.0)), (RNG.normal(size=6),), {}, None).graph
    whole = differentiate(graph, (0,))
    assert [node.op for node in whole.nodes].count(argsort_along) == 1


def test_a_gradient_of_a_sort_goes_to_where_elements_came_from() -> None:
    x = np.array([0.3, -1.0, 2.0, -1.0])
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(np.sort(x) * np.arange(4.0)))(x), [2.0, 0.0, 3.0, 1.0])


def test_an_order_costs_as_many_additions_as_was_measured() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", ArrayType(100_000))
    builder.output(argsort_along(x, axis=0))
    builder.output(add(x, x))
    machine = Machine(call_s=0.0, cache_bytes=1e12)
    order, addition = [price.seconds for price in costs(builder.build(), machine)]
    assert 150 < order / addition < 600  # 70 ns and 0.25 ns an element
