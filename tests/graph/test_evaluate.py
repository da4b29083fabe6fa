"""The meaning of a graph: values, layouts, and errors with the line that made the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.ops.core.op import Op
from backprop.ops.core.types import ArrayType


def build(f: Any, *shapes: tuple[int, ...]) -> Graph:
    builder = bp.GraphBuilder()
    builder.output(f(*(builder.input(f"x{k}", ArrayType(shape)) for k, shape in enumerate(shapes))))
    return builder.build()


def test_values() -> None:
    x, y = np.arange(6.0).reshape(2, 3), np.ones(3)
    (found,) = evaluate(build(lambda a, b: np.tanh(a @ b) * 2, (2, 3), (3,)), (x, y))
    np.testing.assert_array_equal(found, np.tanh(x @ y) * 2)


def test_the_bits_do_not_depend_on_the_layout_of_inputs() -> None:
    x = np.random.default_rng(0).normal(size=(37, 41))
    graph = build(lambda a: np.sum(a), (37, 41))
    (expected,) = evaluate(graph, (x,))
    for version in (np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x[::-1].copy()[::-1]):
        assert evaluate(graph, (version,))[0] == expected


def test_values_of_ops_that_are_no_views_are_contiguous() -> None:
    op = Op("fortran", lambda t: t, np.asfortranarray)
    (found,) = evaluate(build(lambda a: op(a), (3, 4)), (np.ones((3, 4)),))
    assert found.flags.c_contiguous


def test_an_input_may_be_an_output() -> None:
    x = np.ones(3)
    graph = Graph((ArrayType(3),), (), (0, 0))
    assert evaluate(graph, (x,)) == (x, x)


def test_an_exception_keeps_its_class_and_names_the_op_and_the_line() -> None:
    def fail(x: Any) -> Any:
        raise KeyError("mine")

    op = Op("failing", lambda t: t, fail)
    with pytest.raises(KeyError, match="mine") as caught:
        evaluate(build(lambda a: op(a), (3,)), (np.ones(3),))
    assert any("failing" in note and "test_evaluate.py" in note for note in caught.value.__notes__)
