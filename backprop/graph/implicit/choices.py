"""Choices that solvers make: integers and booleans, which are constant where the numbers change a little."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, TupleType, ValueType, array_type, numeric


def _assignment_type(costs: ValueType[Any], *, maximize: bool) -> TupleType:
    (t,) = numeric("linear_sum_assignment", costs)
    if t.ndim != 2 or t.dtype.kind == "c":
        raise ShapeError(f"linear_sum_assignment takes a matrix of real costs, not {t}", fix="give an array (m, n)")
    places = array_type((min(t.shape),), np.dtype(np.int64))
    return TupleType((places, places))


def _assignment(costs: Any, *, maximize: bool) -> tuple[Any, Any]:
    rows, columns = scipy.optimize.linear_sum_assignment(costs, maximize)
    return rows.astype(np.int64), columns.astype(np.int64)


# costs (m, n) -> rows, columns.
assignment: Op = Op("assignment", _assignment_type, _assignment, home=__name__)


def _support_type(a: ValueType[Any], b: ValueType[Any], *, maxiter: int | None) -> NumericType[Any]:
    s, t = numeric("nnls", a, b)
    if s.ndim != 2 or t.shape != s.shape[:1]:
        raise ShapeError(f"nnls: the shapes {s.shape} and {t.shape} do not fit", fix="give A (m, n) and b (m,)")
    return array_type(s.shape[1:], np.dtype(bool))


def _support(a: Any, b: Any, *, maxiter: int | None) -> Any:
    return np.asarray(scipy.optimize.nnls(a, b, maxiter=maxiter)[0] > 0)


# a (m, n), b (m,) -> which coefficients of the fit without negative ones are not zero.
support: Op = Op("support", _support_type, _support, home=__name__)
