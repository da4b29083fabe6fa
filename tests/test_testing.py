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
from backprop.ops.elementwise import exp, multiply
from backprop.ops.op import Kind, Op
from backprop.ops.types import ArrayType
from backprop.testing import check_grads, check_op
from tests.ops import cases, cases_index, cases_linalg, cases_numeric, cases_shape
from tests.ops.case import Case, differentiated

CASES = (*cases.CASES, *cases_shape.CASES, *cases_linalg.CASES, *cases_index.CASES, *cases_numeric.CASES)


def dtypes(case: Case) -> tuple[str, ...]:
    single = ("float32",) if case.single else ()
    return ("float64", *single, *(("complex128",) if case.complex_ok else ()))


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
