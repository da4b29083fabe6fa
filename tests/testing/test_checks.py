"""The public checks: every op passes them by way of graphs, and a rule that is slightly wrong does not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from backprop import ops
from backprop.errors import ArgumentError
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.core.op import Kind, Op
from backprop.ops.core.types import ArrayType
from backprop.ops.elementwise.arithmetic import multiply
from backprop.ops.elementwise.exponential import exp
from backprop.ops.linear_algebra.determinants import cofactor
from backprop.ops.linear_algebra.norms import rank_of
from backprop.ops.reductions.queries import closeness
from backprop.testing import check_grads, check_op
from tests.ops import cases, cases_index, cases_linalg, cases_numeric, cases_shape, cases_structured
from tests.ops.case import Case

CASES = (
    *cases.CASES,
    *cases_shape.CASES,
    *cases_linalg.CASES,
    *cases_structured.CASES,
    *cases_index.CASES,
    *cases_numeric.CASES,
)


def dtypes(case: Case) -> tuple[str, ...]:
    single = ("float32",) if case.single else ()
    complex_ones = ("complex128", *(("complex64",) if case.single else ())) if case.complex_ok else ()
    return ("float64", *single, *complex_ones)


def fixed(f: Callable[..., Any], operands: tuple[Any, ...], wrt: tuple[int, ...]) -> Callable[..., Any]:
    """The function of the operands at some positions, the others being constants."""

    def of_some(*some: Any) -> Any:
        given = dict(zip(wrt, some, strict=True))
        return f(*(given.get(i, x) for i, x in enumerate(operands)))

    return of_some


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_op_passes(case: Case) -> None:
    f = functools.partial(case.f, **case.params)
    for example in case.examples:
        operands = example(np.random.default_rng(7))
        if case.wrt is None:
            op = case.f if isinstance(case.f, Op) and not case.params else f
            check_op(op, operands, order=case.order, dtypes=dtypes(case))
        else:
            some = fixed(f, operands, case.wrt)
            check_op(some, tuple(operands[i] for i in case.wrt), order=case.order, dtypes=dtypes(case))


def test_ops_that_have_no_name_in_numpy_pass() -> None:
    matrix = np.array([[2.0, 0.3, -1.0], [0.5, -1.5, 0.2], [1.0, 0.7, 3.0]])
    check_op(cofactor, matrix)
    check_op(rank_of, matrix, order=0, tol=None, rtol=None)
    check_op(closeness, (matrix, matrix + 1e-9), order=0, rtol=1e-5, atol=1e-8, equal_nan=False)
    check_grads(lambda x, y: accumulate(x, y, x * y), (matrix, matrix.T))


# What a check finds.


def times(factor: float, op: Op = exp) -> Op:
    """An op whose rule is wrong by a factor."""
    rule = op.vjp
    assert rule is not None

    def wrong(*args: Any) -> Any:
        answer = rule(*args)
        answers = answer if isinstance(answer, tuple) else (answer,)
        return tuple(c * factor for c in answers)

    return Op("wrong", op.infer, op.compute, wrong, op.kind)


X = np.array([0.5, -1.0, 1.5])


@pytest.mark.parametrize("factor", [1.01, 0.99, 1.0001, -1.0, 0.0])
def test_a_rule_that_is_slightly_wrong_fails(factor: float) -> None:
    with pytest.raises(AssertionError, match=r"wrong: the derivative of order 1 by operand \[0\]: expected .* got"):
        check_op(times(factor), X)
    with pytest.raises(AssertionError, match=r"the derivative of order 1 by args\[0\]"):
        check_grads(lambda x: np.sum(times(factor)(x)), (X,))
    check_op(times(1.0), X)


@pytest.mark.parametrize("k", [0, 1])
def test_the_operand_with_the_wrong_cotangent_is_named(k: int) -> None:
    def wrong(g: Any, out: Any, x: Any, y: Any) -> Any:
        return (g * y * 1.01, g * x) if k == 0 else (g * y, g * x * 1.01)

    with pytest.raises(AssertionError, match=rf"by operand \[{k}\]") as caught:
        check_op(Op("product", multiply.infer, multiply.compute, wrong, multiply.kind), (X, X + 3))
    assert caught.value.__notes__ == ["while checking product, example 0, float64"]


def test_a_rule_whose_own_derivative_is_wrong_fails_at_order_two_only() -> None:
    constant = Op("constant", exp.infer, exp.compute, lambda g, out, x: None)
    frozen = Op("frozen", exp.infer, exp.compute, lambda g, out, x: g * constant(x))
    check_op(frozen, X, order=1, dtypes=["float64"])
    with pytest.raises(AssertionError, match="order 2"):
        check_op(frozen, X, order=2, dtypes=["float64"])


@pytest.mark.parametrize(
    ("op", "says"),
    [
        (Op("shape", lambda t: ArrayType((4,)), np.sin, lambda g, out, x: None), "infers float64"),
        (Op("dtype", lambda t: ArrayType(t.shape, "float32"), np.sin, lambda g, out, x: g), "infers float32"),
        (Op("alias", lambda t: t, lambda x: x, lambda g, out, x: g), "is no view"),
        (Op("scalar", lambda t: ArrayType(()), np.sum, lambda g, out, x: None), "infers float64"),
        (replace(exp, home="backprop.ops.elementwise.trigonometric", name="sin"), "does not pickle by reference"),
    ],
    ids=["shape", "dtype", "alias", "scalar", "pickle"],
)
def test_other_broken_promises_fail(op: Op, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_op(op, X)


def test_an_op_that_writes_to_its_operand_fails() -> None:
    def rude(x: Any) -> Any:
        x *= 2
        return x.copy()

    with pytest.raises((AssertionError, ValueError)):
        check_op(Op("rude", lambda t: t, rude, lambda g, out, x: 2 * g, Kind.PLAIN), X)


def test_check_op_wants_an_example() -> None:
    with pytest.raises(ArgumentError, match="no example"):
        check_op(exp)


def test_check_op_takes_parameters() -> None:
    check_op(ops.sum, np.ones((2, 3)), axis=1, keepdims=True)
    check_op(ops.logaddexp, (X, X + 1), (np.float64(1.0), X))


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "dense"


def test_check_grads_takes_containers_and_names_the_leaf() -> None:
    params = {"layers": [Layer(np.ones((2, 3)), np.zeros(2)), Layer(np.ones((2, 2)), 0.5)]}

    def loss(p: Any, x: Any) -> Any:
        first, second = p["layers"]
        return np.sum(np.tanh(second.w @ np.tanh(first.w @ x + first.b) + second.b))

    check_grads(loss, (params, X))

    def wrong(p: Any, x: Any) -> Any:
        first, second = p["layers"]
        return loss({"layers": [first, Layer(second.w, times(1.01)(second.b))]}, x)

    with pytest.raises(AssertionError, match=r"args\[0\]\['layers'\]\[1\]\.b"):
        check_grads(wrong, (params, X))


def test_check_grads_of_complex_and_single_arguments_and_several_results() -> None:
    check_grads(lambda z: (np.sin(z), np.abs(z) ** 2), (X + 1j,), order=2)
    check_grads(lambda x: {"a": np.exp(x), "n": 3}, (X.astype("float32"),), order=2)
    check_grads(lambda x: x * 2, (1.5,), order=3)


def test_tolerances() -> None:
    f = times(1.001)
    check_grads(lambda x: np.sum(f(x)), (X,), order=1, rtol=1e-2)
    with pytest.raises(AssertionError):
        check_grads(lambda x: np.sum(f(x)), (X,), order=1, rtol=1e-5, atol=0.0)
