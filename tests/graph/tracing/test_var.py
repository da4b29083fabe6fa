"""Var: what an array can do a Var can do, with whatever stands beside it, and the same values and dtypes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.tracing.builder import Builder
from backprop.graph.tracing.var import Var
from backprop.ops.core.types import ArrayType, OpaqueType

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


def test_dir_lists_the_methods_of_an_array() -> None:
    builder = Builder()
    names = dir(builder.input(ArrayType(2)))
    assert {"sum", "reshape", "shape", "T", "value"} <= set(names)
    assert "reshape" not in dir(builder.input(OpaqueType(str)))
