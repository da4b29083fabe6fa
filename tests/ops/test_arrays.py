"""The ops on shapes, keys and matrices: their rules, their kinds, and that they agree with NumPy and SciPy."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from backprop.ops.core.op import Kind, Op
from backprop.ops.linear_algebra import equations
from tests.ops import cases_index, cases_linalg, cases_numeric, cases_shape, cases_structured
from tests.ops.case import Case, check, differentiated, flat, gradient
from tests.ops.cases_shape import OfList
from tests.ops.every import ops_below
from tests.ops.tape import TapeVar, ancestors, value_of

CASES = (*cases_shape.CASES, *cases_index.CASES, *cases_linalg.CASES, *cases_structured.CASES, *cases_numeric.CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_agrees_with_differences(case: Case) -> None:
    check(case)


def namesake(f: Any) -> Any:
    """The function of NumPy or SciPy with the name of `f`, called alike."""
    if isinstance(f, OfList):
        return OfList(namesake(f.f))
    if f is equations.solve_triangular:
        return matrix_by_matrix(scipy.linalg.solve_triangular)
    name = getattr(f, "name", None) or getattr(f, "__name__", "")
    modules = (np, np.linalg, np.fft, scipy.linalg, np.lib.stride_tricks)
    return next((g for m in modules if callable(g := getattr(m, name, None))), None)


def matrix_by_matrix(f: Any) -> Any:
    """A function of SciPy that takes stacks of matrices since 1.16 only, called with one after the other."""
    return lambda a, b, **params: f(a, b, **params) if a.ndim == 2 else np.stack([f(x, b, **params) for x in a])


NAMED = [case for case in CASES if not case.name and namesake(case.f) is not None]


@pytest.mark.parametrize("case", NAMED, ids=str)
def test_the_result_is_that_of_the_namesake(case: Case) -> None:
    operands = case.examples[0](np.random.default_rng(0))
    found, expected = flat(case(*operands)), flat(namesake(case.f)(*operands, **case.params))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        assert np.shape(a) == np.shape(b)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_operand_may_be_traced_alone(case: Case) -> None:
    operands = case.examples[0](np.random.default_rng(0))
    expected = flat(case(*operands))
    for i in range(len(operands)):
        mixed: list[Any] = [TapeVar(x) if i == j else x for j, x in enumerate(operands)]
        for a, b in zip(flat(case(*mixed)), expected, strict=True):
            np.testing.assert_array_equal(value_of(a), b)
        if i in differentiated(case, operands):
            whole: list[Any] = [TapeVar(x) for x in operands]
            (alone,), (among,) = gradient(case, mixed, [mixed[i]]), gradient(case, whole, [whole[i]])
            np.testing.assert_array_equal(value_of(alone), value_of(among))


ELSEWHERE = ops_below("arrays.accumulate", "linear_algebra.rank_one")  # tested where graphs are
OPS = tuple(op for op in ops_below("arrays", "linear_algebra", "special.fourier", "composites") if op not in ELSEWHERE)


@pytest.mark.parametrize("op", OPS, ids=str)
def test_an_op_pickles_by_reference(op: Op) -> None:
    assert pickle.loads(pickle.dumps(op)) is op


def test_each_op_with_a_rule_has_a_case() -> None:
    used: set[Op | None] = set()
    for case in CASES:
        variables = [TapeVar(x) for x in case.examples[0](np.random.default_rng(0))]
        found = gradient(case, variables, [x for x in variables if x.dtype.kind == "f"])
        used |= {node.op for node in ancestors(flat(case(*variables)) + found)}
    assert not [op.name for op in OPS if op.vjp is not None and op not in used]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ops_keep_to_their_kind(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    emit = TapeVar.__backprop_emit__

    def watching(self: TapeVar, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        operands = [np.copy(x) for x in arrays_of(args)]
        result = emit(self, op, args, params)
        keeps_operands(op, operands, arrays_of(args))
        keeps_kind(op, arrays_of(flat(result)), arrays_of(args))
        keeps_out(op, args, params, value_of(result))
        return result

    monkeypatch.setattr(TapeVar, "__backprop_emit__", watching)
    variables = [TapeVar(x) for x in case.examples[0](np.random.default_rng(0))]
    gradient(case, variables, [x for x in variables if x.dtype.kind == "f"])


def arrays_of(args: Any) -> list[Any]:
    return [x for x in map(value_of, args) if isinstance(x, np.ndarray)]


def keeps_operands(op: Op, before: list[Any], after: list[Any]) -> None:
    for a, b in zip(before, after, strict=True):
        assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"), f"{op} changes an operand"


def keeps_kind(op: Op, results: list[Any], operands: list[Any]) -> None:
    if op.kind is not Kind.VIEW:
        assert not any(np.shares_memory(a, b) for a in results for b in operands), f"{op} is no view"


def keeps_out(op: Op, args: tuple[Any, ...], params: dict[str, Any], result: Any) -> None:
    if op.kind is Kind.INTO and isinstance(result, np.ndarray):
        out = np.full_like(result, 7)
        assert op.compute(*map(value_of, args), out=out, **params) is out
        assert np.array_equal(out, result, equal_nan=True), f"{op} gives something else with out="
