"""Vars: the operators and protocols by which plain NumPy code becomes a graph, dtypes, and the errors it gets."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.errors import (
    AssignmentError,
    EscapedVarError,
    GraphTypeError,
    ShapeError,
    TracedConversionError,
    UnknownFunctionError,
)
from backprop.graph.tracing.builder import Builder, Var
from backprop.ops.core.types import ArrayType, OpaqueType, type_of

HERE = r"test_builder\.py"
X = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.25]])
Y = np.array([[1.5, 0.5, 1.0], [2.0, 0.75, 4.0]])

OPERATORS = ("add", "sub", "mul", "truediv", "mod", "floordiv", "lt", "le", "gt", "ge", "eq", "ne")
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    **{
        name: getattr(operator, name)
        for name in ["add", "sub", "mul", "truediv", "mod", "floordiv", "lt", "le", "gt", "ge", "eq", "ne"]
    },
    "power": lambda x, y: abs(x) ** y,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "round": lambda x: round(x, 1) if isinstance(x, Var) else np.round(x, 1),
    "power": lambda x: x**2,
    "square-root": lambda x: abs(x) ** 0.5,
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "row": lambda x: x[1],
    "slice": lambda x: x[:, ::-1],
    "mask": lambda x: x[np.array([True, False])],
    "rows": lambda x: x[[1, 0, 1]],
    "new": lambda x: x[..., None],
    "method-sum": lambda x: x.sum(axis=1),
    "method-reshape": lambda x: x.reshape(3, 2),
    "method-mean": lambda x: x.mean(),
    "method-dot": lambda x: x.dot(Y.T),
    "method-astype": lambda x: x.astype("float32"),
    "iteration": lambda x: sum(row * 2 for row in x),
    "flat": lambda x: sum(x.flat),
    "reduce": lambda x: np.add.reduce(x),
    "maximum-reduce": lambda x: np.maximum.reduce(x, axis=1),
    "ufunc": lambda x: np.exp(x),
    "function": lambda x: np.concatenate([x, x * 2]),
    "stack": lambda x: np.stack([x[0], x[1]]),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, Y),
    "linalg": lambda x: np.linalg.norm(x),
    "invert": lambda x: ~(x > 0),
    "and": lambda x: (x > 0) & (x < 1),
    "or": lambda x: (x > 2) | (x < 0),
    "list": lambda x: operator.add(x, [1.0, 2.0, 3.0]),
}


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("f", UNARY.values(), ids=UNARY)
def test_what_an_array_can_do_a_var_can(f: Callable[[Any], Any]) -> None:
    same(bp.evaluate(f)(X), f(X))


@pytest.mark.parametrize("f", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("other", [Y, 2, 1.5, np.float64(0.5), Y[0]], ids=["array", "int", "float", "scalar", "row"])
def test_an_operator_takes_whatever_stands_beside_a_var(f: Callable[[Any, Any], Any], other: Any) -> None:
    same(bp.evaluate(lambda x: f(x, other))(X), f(X, other))
    same(bp.evaluate(lambda x: f(other, x))(abs(X)), f(other, abs(X)))
    same(bp.evaluate(lambda x: f(x, x))(X), f(X, X))


def test_matrix_products() -> None:
    same(bp.evaluate(lambda x: x @ Y.T)(X), X @ Y.T)
    same(bp.evaluate(lambda x: Y.T @ x)(X), Y.T @ X)


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
    "array": (lambda x: np.array([x, x]), TracedConversionError, TypeError),
    "math": (lambda x: math.sin(x[0, 0]), TracedConversionError, TypeError),
    "float": (lambda x: float(x[0, 0]), TracedConversionError, TypeError),
    "complex": (lambda x: complex(x[0, 0]), TracedConversionError, TypeError),
    "assignment": (lambda x: operator.setitem(x, 0, 1.0), AssignmentError, TypeError),
    "out": (lambda x: np.exp(x, out=np.zeros((2, 3))), AssignmentError, TypeError),
    "unknown": (lambda x: np.busday_count(x, x), UnknownFunctionError, TypeError),
    "outer": (lambda x: np.add.outer(x, x), UnknownFunctionError, TypeError),
    "argument": (lambda x: x.sum(nonsense=2), GraphTypeError, TypeError),
    "index": (lambda x: [1, 2, 3][x[0, 0]], TracedConversionError, TypeError),
    "dtype": (lambda x: x + np.array(["a", "b", "c"]), GraphTypeError, TypeError),
}


@pytest.mark.parametrize(("f", "error", "builtin"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_named_with_the_users_line(f: Callable[[Any], Any], error: type, builtin: type) -> None:
    caught = broken(f)
    assert caught.type is error, repr(caught.value)
    assert issubclass(error, builtin)
    assert "test_builder.py" in str(caught.value)


def test_an_index_out_of_range_is_an_index_error_with_the_users_line() -> None:
    caught = broken(lambda x: x[5])
    assert caught.type is IndexError
    assert any("test_builder.py" in note for note in caught.value.__notes__)


def test_a_graph_in_the_making_has_no_values() -> None:
    x = bp.GraphBuilder().input("x", bp.ScalarType())
    with pytest.raises(TracedConversionError, match="no value yet"):
        bool(x > 0)


def test_attributes_of_a_var() -> None:
    x = bp.GraphBuilder().input("x", bp.ArrayType((2, 3), "float32"))
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, x.itemsize, len(x)) == ((2, 3), np.float32, 2, 6, 24, 4, 2)
    assert x.type == type_of(np.zeros((2, 3), "float32"))
    with pytest.raises(AttributeError, match="nonsense"):
        x.nonsense  # noqa: B018
    with pytest.raises(TypeError):
        len(x[0, 0])
    with pytest.raises(TypeError):
        iter(x[0, 0])


def test_values_steer_the_code() -> None:
    def halved(x: Any) -> Any:
        steps = 0
        while x.sum() > 1:
            x, steps = x / 2, steps + 1
        return x * steps

    same(bp.evaluate(halved)(X), halved(X))
    assert bp.evaluate(lambda x: x * x.value.shape[0])(X).shape == X.shape


def test_dir_lists_the_methods_of_an_array() -> None:
    builder = Builder()
    names = dir(builder.input(ArrayType(2)))
    assert {"sum", "reshape", "shape", "T", "value"} <= set(names)
    assert "reshape" not in dir(builder.input(OpaqueType(str)))
