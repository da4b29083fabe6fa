"""Explicit graphs as functions: arguments that fit the inputs, and those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, BackpropError, GraphTypeError, ShapeError

X = np.array([0.5, -1.5, 2.0])


def sine() -> bp.Graph:
    g = bp.GraphBuilder()
    g.output(g.apply(bp.ops.sin, g.input("angle", bp.ArrayType(3))))
    return g.build()


def product(x: str = "float64", y: str = "float32") -> bp.Graph:
    g = bp.GraphBuilder()
    g.output(g.apply(bp.ops.multiply, g.input("x", bp.ScalarType(x)), g.input("y", bp.ScalarType(y))))
    return g.build()


@pytest.mark.parametrize(
    ("args", "error", "says"),
    [
        ((X, X), ArgumentError, "1 inputs got 2 arguments"),
        ((), ArgumentError, "1 inputs got 0 arguments"),
        ((np.ones(4),), ShapeError, r"angle of the graph is float64\[3\], and got float64\[4\]"),
        ((2.0,), ShapeError, "angle"),
        ((X + 0j,), GraphTypeError, "complex128"),
        (("x",), GraphTypeError, "str"),
        (([0.5, -1.5, 2.0],), GraphTypeError, "list"),
    ],
    ids=["too many", "too few", "shape", "scalar", "dtype", "string", "list"],
)
@pytest.mark.parametrize("verb", [bp.evaluate, bp.compile, bp.jacobian], ids=lambda verb: verb.__name__)
def test_arguments_that_do_not_fit(verb: Any, args: Any, error: type[BackpropError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        verb(sine())(*args)
    assert "test_evaluate.py" in str(caught.value.where)


@pytest.mark.parametrize("x", [2.5, 2, np.float64(2), np.float32(2), np.array(2.0), True], ids=repr)
def test_numbers_take_the_dtype_of_an_input(x: Any) -> None:
    found = bp.evaluate(product())(x, 3.0)
    assert found == 3.0 * x
    assert found.dtype == np.float64
    assert bp.evaluate(product("float32"))(float(x), 3.0).dtype == np.float32


def test_a_gradient_has_the_type_of_the_argument() -> None:
    by_x, by_y = bp.grad(product(), argnums=(0, 1))(2.0, np.float32(3.0))
    assert (type(by_x), type(by_y)) == (float, np.float32)
    assert (by_x, by_y) == (3.0, 2.0)
    narrow = bp.jacobian(sine())(X.astype(np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, np.diag(np.cos(X)), rtol=1e-6)


def test_a_graph_of_plain_values_inside_a_trace() -> None:
    assert bp.grad(lambda x: x * bp.evaluate(product())(2, 3))(1.0) == 6.0
