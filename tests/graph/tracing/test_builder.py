"""Builder: dtypes of numbers beside arrays, what is captured, Vars of several traces, and operands that do not fit."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.errors import (
    EscapedVarError,
    GraphTypeError,
    ShapeError,
)
from backprop.graph.tracing.builder import Builder

HERE = r"test_builder\.py"
X = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.25]])
Y = np.array([[1.5, 0.5, 1.0], [2.0, 0.75, 4.0]])


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


# Dtypes: NEP 50.

DTYPES = ["float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [2, 2.5, True, 1j, np.float32(2), np.float64(2), np.complex64(1)], ids=repr)
def test_numbers_promote_as_in_numpy(dtype: str, number: Any) -> None:
    x = np.ones(3, dtype)
    for f in (operator.add, operator.mul, operator.truediv):
        same(bp.evaluate(lambda v, f=f: f(v, number))(x), f(x, number))
        same(bp.evaluate(lambda v, f=f: f(number, v))(x), f(number, x))


@pytest.mark.parametrize("dtype", DTYPES[:2])
def test_a_python_number_as_an_argument_takes_the_dtype_of_its_company(dtype: str) -> None:
    x = np.ones(3, dtype)
    same(bp.evaluate(lambda a, v: a * v)(0.1, x), 0.1 * x)
    same(bp.evaluate(lambda a, v: (a * 2 + 1) * v)(0.1, x), (0.1 * 2 + 1) * x)


def test_what_is_made_of_python_numbers_alone_is_a_python_number() -> None:
    result = bp.evaluate(lambda a: a * 2 + 1)(0.5)
    assert type(result) is float
    assert result == 2.0


# Capturing, mixing and escaping.


def test_a_captured_array_becomes_one_input_however_often_it_is_used() -> None:
    builder = Builder(lambda graph, values: [])
    x = builder.input(bp.ArrayType(3), "x", np.ones(3))
    weights = np.arange(3.0)
    result = (x * weights + weights) * weights
    graph, inputs = builder.build([result.id])
    assert len(graph.inputs) == 2
    np.testing.assert_array_equal(builder.values[inputs[1]], weights)


def test_an_array_in_an_explicit_graph_is_part_of_it() -> None:
    g = bp.GraphBuilder()
    x = g.input("x", bp.ArrayType(3))
    g.output(g.apply(ops.sum, g.apply(ops.multiply, x, np.arange(3.0))))
    graph = g.build()
    assert len(graph.inputs) == 1
    same(bp.grad(graph)(np.ones(3)), np.arange(3.0))


def test_vars_of_two_explicit_builders_do_not_mix_silently() -> None:
    one, other = bp.GraphBuilder(), bp.GraphBuilder()
    x, y = one.input("x", bp.ArrayType(3)), other.input("y", bp.ArrayType(3))
    with pytest.raises(EscapedVarError):
        x + y


def test_a_var_that_escaped_is_an_error_with_the_users_line() -> None:
    kept: list[Any] = []
    bp.evaluate(lambda x: kept.append(x) or x * 2)(X)
    with pytest.raises(EscapedVarError, match=HERE):
        kept[0] + 1
    with pytest.raises(EscapedVarError, match=HERE):
        bp.evaluate(lambda y: y + kept[0])(X)


# Errors.


def broken(f: Callable[[Any], Any]) -> pytest.ExceptionInfo[Exception]:
    with pytest.raises(Exception, match=r".") as caught:
        bp.evaluate(f)(X)
    return caught


BROKEN: dict[str, tuple[Callable[[Any], Any], type, type]] = {
    "shapes": (lambda x: x + np.ones(4), ShapeError, ValueError),
    "matmul": (lambda x: x @ x, ShapeError, ValueError),
    "dtype": (lambda x: x + np.array(["a", "b", "c"]), GraphTypeError, TypeError),
}


@pytest.mark.parametrize(("f", "error", "builtin"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_named_with_the_users_line(f: Callable[[Any], Any], error: type, builtin: type) -> None:
    caught = broken(f)
    assert caught.type is error, repr(caught.value)
    assert issubclass(error, builtin)
    assert "test_builder.py" in str(caught.value)
