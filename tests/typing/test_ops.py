"""What checkers make of ops and Vars: `assert_type` and expected errors, in mypy --strict and pyright; pytest runs it.

An expected error carries an ignore comment for each checker; a comment that hides nothing is an error itself.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
import pytest

import backprop as bp

Array = np.ndarray[Any, Any]
ONES: Array = np.ones(3)


@bp.op
def scaled(x: Array, factor: float) -> Array:
    return x * factor


@bp.op
def length(x: Array) -> float:
    return float(np.sqrt(x @ x))


class Handle:
    """A value that is moved about whole."""


def vars_of(g: bp.GraphBuilder) -> tuple[bp.Var[Array], bp.Var[float], bp.Var[Handle]]:
    return g.input("a", bp.ArrayType(3)), g.input("s", bp.ScalarType()), g.input("h", bp.OpaqueType(Handle))


# An op applied to plain values, and to Vars.


def test_an_op_of_plain_values() -> None:
    assert_type(scaled(np.ones(3), 2.0), Array)
    assert_type(scaled(np.ones(3), factor=2.0), Array)
    assert_type(length(np.ones(3)), float)


def test_an_op_of_vars_gives_a_var() -> None:
    g = bp.GraphBuilder()
    a, s, _ = vars_of(g)
    assert_type(scaled(a, s), bp.Var[Array])
    assert_type(scaled(a, 2.0), bp.Var[Array])
    assert_type(length(scaled(a, length(a))), bp.Var[float])
    assert_type(g.apply(scaled, a, s), bp.Var[Array])
    assert_type(g.apply(length, a), bp.Var[float])
    assert isinstance(g.apply(length, a).type, bp.ScalarType)


def test_an_op_by_its_type() -> None:
    op: bp.Op[[Array, float], Array] = scaled
    g = bp.GraphBuilder()
    a, s, _ = vars_of(g)
    assert_type(g.apply(op, a, s), bp.Var[Array])
    assert_type(op(np.ones(3), 2.0), Array)


def test_ops_of_the_package_take_anything() -> None:
    g = bp.GraphBuilder()
    a, _, _ = vars_of(g)
    assert_type(g.apply(bp.ops.add, a, 1.0), bp.Var[Any])
    assert_type(g.apply(bp.ops.sum, a, axis=0), Any)


def test_an_opaque_pair() -> None:
    def forward(x: Array) -> tuple[float, Array]:
        return float(x @ x), x

    def backward(x: Array, g: float) -> Array:
        return 2 * g * x

    op = bp.op(forward, backward)
    assert_type(op(np.ones(3)), float)


# Errors.


def test_operands_of_the_wrong_type() -> None:
    a, s, _ = vars_of(bp.GraphBuilder())
    with pytest.raises(TypeError):
        length("abc")  # type: ignore[call-overload] # pyright: ignore
    with pytest.raises((TypeError, ValueError)):
        length(s)  # type: ignore[arg-type] # pyright: ignore
    scaled(s, a)  # type: ignore[arg-type] # pyright: ignore


def test_operands_of_the_wrong_number() -> None:
    g = bp.GraphBuilder()
    a, s, _ = vars_of(g)
    with pytest.raises(TypeError):
        scaled(a)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        length(a, s)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        g.apply(scaled, a)  # type: ignore[arg-type] # pyright: ignore
    with pytest.raises(TypeError):
        g.apply(length, a, s)  # type: ignore[arg-type] # pyright: ignore


def test_a_result_of_another_type() -> None:
    a, s, _ = vars_of(bp.GraphBuilder())
    wrong: bp.Var[float] = scaled(a, s)  # type: ignore[assignment] # pyright: ignore[reportAssignmentType]
    assert wrong.shape == (3,)


# Operators of Vars.


def test_operators() -> None:
    a, s, _ = vars_of(bp.GraphBuilder())
    assert_type(a + a, bp.Var[Array])
    assert_type(a * s, bp.Var[Array])
    assert_type(s - a, bp.Var[Array])
    assert_type(a / 2, bp.Var[Array])
    assert_type(2.0 * a, bp.Var[Array])
    assert_type(s * s, bp.Var[float])
    assert_type(1 - s, bp.Var[float])
    assert_type(s + ONES, bp.Var[Array])
    assert_type(-a, bp.Var[Array])
    assert_type(abs(s), bp.Var[float])
    assert (s * a).shape == (3,)


def test_operators_of_what_is_no_number() -> None:
    a, _, h = vars_of(bp.GraphBuilder())
    with pytest.raises(TypeError):
        h + 1.0  # type: ignore[operator] # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        a + "x"  # type: ignore[arg-type] # pyright: ignore[reportOperatorIssue]
