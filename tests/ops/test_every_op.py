"""Each op, on plain values: its type, its rule against finite differences up to second order, layouts, precision.

The checks are in case.py, the operands in cases*.py.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.special

from backprop.errors import GraphTypeError, ShapeError
from backprop.ops.core.op import Op
from backprop.ops.core.types import ArrayType, OpaqueType, ScalarType
from backprop.ops.elementwise import arithmetic, masking, powers, rounding, selection, trigonometric
from backprop.ops.reductions import log_sums, norms, quantiles, reductions, running, statistics
from backprop.ops.special import gammas
from backprop.ops.special.bessel_functions import jv
from tests.ops.case import Case, check, check_derivative, differentiated, flat
from tests.ops.cases import CASES
from tests.ops.every import ops_below
from tests.ops.tape import TapeVar, ancestors


@pytest.mark.parametrize("case", CASES, ids=str)
def test_op(case: Case) -> None:
    check(case)


FAMILIES = ("bessel_functions", "distributions", "elementary", "elliptic", "error_functions", "gammas")
OPS = ops_below(
    *("elementwise", "special.hypergeometric", "special.integrals"),
    *(f"special.{name}" for name in FAMILIES),
    *(f"reductions.{name}" for name in ("reductions", "questions", "running", "norms", "log_sums", "statistics")),
)


@pytest.mark.parametrize("op", ops_below(), ids=str)
def test_op_pickles_by_reference(op: Op) -> None:
    assert pickle.loads(pickle.dumps(op)) is op


def ops_used_by(case: Case) -> Iterator[Op | None]:
    operands = case.examples[0](np.random.default_rng(0))
    return (node.op for node in ancestors(flat(case(*map(TapeVar, operands)))))


def test_each_op_has_a_case() -> None:
    used = {op for case in CASES for op in ops_used_by(case)}
    assert not [op.name for op in OPS if op not in used]


NAMESAKES = (np, scipy.special, np.linalg)


def namesake(f: Callable[..., Any]) -> Callable[..., Any] | None:
    name = getattr(f, "name", None) or getattr(f, "__name__", "")
    return next((getattr(module, name) for module in NAMESAKES if hasattr(module, name)), None)


@pytest.mark.parametrize("case", [case for case in CASES if namesake(case.f)], ids=str)
def test_the_result_is_that_of_the_namesake(case: Case) -> None:
    for example in case.examples:
        operands = example(np.random.default_rng(0))
        found, expected = flat(case(*operands)), flat(namesake(case.f)(*operands, **case.params))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-15)
            assert np.shape(a) == np.shape(b)
            assert np.asarray(a).dtype == np.asarray(b).dtype


# The checker itself.


def off_by_one_percent(op: Op) -> Callable[..., Any] | None:
    if op.vjp is None:
        return None
    rule = op.vjp

    def wrong(*args: Any, **params: Any) -> Any:
        answer = rule(*args, **params)
        answers = answer if isinstance(answer, tuple) else (answer,)
        return tuple(c if c is None or c is NotImplemented else c * 1.01 for c in answers)

    return wrong


def has_slope(case: Case, operands: tuple[Any, ...]) -> bool:
    try:
        check_derivative(replace(case, order=1), operands, np.random.default_rng(1), lambda op: None)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("case", [case for case in CASES if case.order], ids=str)
def test_a_rule_that_is_wrong_by_one_percent_is_found(case: Case) -> None:
    operands = case.examples[0](np.random.default_rng(0))
    for i in differentiated(case, operands):
        one = replace(case, order=1, wrt=(i,))
        if np.size(operands[i]) and has_slope(one, operands):
            with pytest.raises(AssertionError, match="the cotangent of operand"):
                check_derivative(one, operands, np.random.default_rng(1), off_by_one_percent)


# Errors, and what a type rule says of numbers.


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(ShapeError, match=r"add: the shapes \(2,\) and \(3,\) do not broadcast"):
        arithmetic.add.infer(ArrayType(2), ArrayType(3))


@pytest.mark.parametrize("op", [trigonometric.arctan2, selection.maximum, selection.where, reductions.reduce_sum])
def test_operands_that_are_no_numbers(op: Op) -> None:
    types = [OpaqueType(str)] * (1 if op is reductions.reduce_sum else 3 if op is selection.where else 2)
    with pytest.raises(GraphTypeError, match="takes arrays and scalars"):
        op.infer(*types, **({"axes": (), "keepdims": False} if op is reductions.reduce_sum else {}))


def test_complex_numbers_where_an_op_takes_none() -> None:
    with pytest.raises(GraphTypeError, match="arctan2 does not take"):
        trigonometric.arctan2.infer(ArrayType(2, "complex128"), ArrayType(2))
    with pytest.raises(GraphTypeError, match="logsumexp does not take complex"):
        log_sums.reduce_logsumexp.infer(ArrayType(2, "complex128"), axes=(0,), keepdims=False)


def test_a_python_number_takes_the_dtype_of_its_company() -> None:
    weak = ScalarType("float64", weak=True)
    single = ArrayType(3, "float32")
    for op in (arithmetic.multiply, selection.maximum, masking.ratio, powers.power):
        assert op.infer(single, weak) == single
        assert op.infer(weak, weak).weak
    assert selection.where.infer(ArrayType(3, "bool"), weak, single) == single


def test_extremes_of_nothing() -> None:
    with pytest.raises(ShapeError, match="max: the axes"):
        reductions.reduce_max.infer(ArrayType((2, 0)), axes=(1,), keepdims=False)
    assert reductions.reduce_max.infer(ArrayType((2, 0)), axes=(0,), keepdims=False) == ArrayType(0)


@pytest.mark.parametrize("f", [reductions.sum, reductions.max, quantiles.median, running.cumsum])
def test_out_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(GraphTypeError, match="out="):
        f(np.ones(3), out=np.ones(()))


def test_arguments_that_are_not_supported_are_named() -> None:
    with pytest.raises(GraphTypeError, match="sum: the argument what is not supported"):
        reductions.sum(np.ones(3), what=np.ones(3, bool))


ONES = np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: powers.pow_static(np.arange(3), -1), "negative integer powers"),
        (lambda: selection.clip(ONES, 0, 1, ONES), "clip: `out` is not supported"),
        (lambda: rounding.around(ONES, 1, ONES), "around: `out` is not supported"),
        (lambda: log_sums.logsumexp(ONES * 1j, b=ONES), "logsumexp does not take complex numbers"),
        (lambda: statistics.average(ONES, weights=[1.0, 2.0]), "average: weights of shape"),  # as NumPy's TypeError
        (lambda: gammas.polygamma(1.5, 2.0), "plain integer as its order"),
    ],
)
def test_what_is_not_supported_says_so(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(GraphTypeError, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: norms.norm(ONES, 2), "there is no norm with ord=2 over 2 axes"),
        (lambda: norms.norm(np.ones((2, 2, 2)), 1), "there is no norm with ord=1 over 3 axes"),
        (lambda: quantiles.quantile(np.ones(0), 0.5), "quantile: the axes"),
        (lambda: quantiles.quantile(ONES, 0.5, method="odd"), "there is no method 'odd'"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        call()


def test_a_median_of_nothing_is_nan_as_numpys_is() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(quantiles.median(np.ones((2, 0)), 1)).tolist() == [True, True]


def test_a_derivative_that_is_not_known_is_no_zero() -> None:
    assert jv.vjp is not None
    by_order, by_x = jv.vjp(1.0, 0.5, 2.0, 1.0)
    assert by_order is NotImplemented
    np.testing.assert_allclose(by_x, scipy.special.jvp(2.0, 1.0))


def test_reductions_into_a_buffer() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for op in (
        reductions.reduce_sum,
        reductions.reduce_mean,
        reductions.reduce_prod,
        reductions.reduce_max,
        reductions.reduce_min,
    ):
        out = np.empty(3)
        assert op.compute(x, out=out, axes=(0,), keepdims=False) is out
        np.testing.assert_array_equal(out, op.compute(x, axes=(0,), keepdims=False))
