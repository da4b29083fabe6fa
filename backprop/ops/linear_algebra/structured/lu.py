"""LU: a matrix with its rows exchanged is a lower times an upper triangular matrix.

The exchange of rows is constant: it does not change where the matrix does, but for a tie of two pivots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ....errors import GraphTypeError, ShapeError
from ...arrays.as_array import asarray
from ...arrays.axes import expand_dims, matrix_transpose
from ...arrays.diagonals import tril, triu
from ...arrays.joins import concatenate
from ...arrays.tuples import item
from ...core.batching import STACKS
from ...core.costs import PerMatrix
from ...core.op import Op
from ...core.types import NumericType, TupleType, ValueType, array_type, numeric
from ..equations import inexact, matrices, triangular
from ..products import matmul


def _lu_type(x: ValueType[Any]) -> TupleType:
    t = matrices("lu_factor", x, False)
    *batch, m, n = t.shape
    whole = np.dtype(np.int64)
    return TupleType(
        (
            array_type(t.shape, inexact(t)),
            array_type((*batch, min(m, n)), whole),
            array_type((*batch, m), whole),
        )
    )


def _lu(x: Any) -> tuple[Any, Any, Any]:
    *batch, m, n = x.shape
    packed = np.array(x, x.dtype if x.dtype.kind in "fc" else np.float64)
    pivots, rows = np.empty((*batch, min(m, n)), np.int64), np.empty((*batch, m), np.int64)
    for at in np.ndindex(*batch):
        packed[at], pivots[at] = scipy.linalg.lu_factor(packed[at], check_finite=False)
        rows[at] = _order(pivots[at], m)
    return packed, pivots, rows


def _order(pivots: Any, m: int) -> Any:
    """Which row of the matrix each row of the product is, after the exchanges of LAPACK."""
    rows = np.arange(m)
    for k, pivot in enumerate(pivots):
        rows[[k, pivot]] = rows[[pivot, k]]
    return rows


def _lu_vjp(g: Any, out: Any, x: Any) -> Any:
    packed, cotangent = item(out, index=0), item(g, index=0)
    m, n = x.shape[-2:]
    k = min(m, n)
    square, rest = packed[..., :k, :k], cotangent[..., :k, :k]
    parts = [] if m <= n else [_right_upper(square, cotangent[..., k:, :])]
    left, upper = tril(rest, -1), triu(rest)
    if m > n:
        upper = upper - triu(matmul(matrix_transpose(packed[..., k:, :]), parts[0]))
    aside = None if n <= m else _left_lower(square, cotangent[..., :, k:])
    if aside is not None:
        left = left - tril(matmul(aside, matrix_transpose(packed[..., :, k:])), -1)
    lower_part = tril(matmul(_transposed_lower(square), left), -1)
    upper_part = triu(matmul(upper, matrix_transpose(triu(square))))
    top = _right_upper(square, _left_lower(square, lower_part + upper_part))
    whole = concatenate([top, *([aside] if aside is not None else [])], -1)
    whole = concatenate([whole, *parts], -2)
    return matmul(matrix_transpose(row_exchange(item(out, index=2), whole.dtype)), whole)


def row_exchange(rows: Any, dtype: Any) -> Any:
    """The matrices (..., m, m) of zeros and ones that exchange rows: `row_exchange(rows, dtype) @ x` is `x[rows]`."""
    return asarray(expand_dims(rows, -1) == np.arange(rows.shape[-1]), dtype)


def _transposed_lower(square: Any) -> Any:
    """The transpose of the lower factor, with its diagonal of ones."""
    return matrix_transpose(tril(square, -1) + np.eye(square.shape[-1], dtype=square.dtype))


def _left_lower(square: Any, x: Any) -> Any:
    """The lower factor's inverse transpose times x."""
    return triangular(square, x, trans=1, lower=True, unit_diagonal=True)


def _right_upper(square: Any, x: Any) -> Any:
    """x times the upper factor's inverse transpose."""
    return matrix_transpose(triangular(square, matrix_transpose(x), trans=0, lower=False, unit_diagonal=False))


def _pivots_type(x: ValueType[Any], *, rows: int) -> NumericType[Any]:
    (t,) = numeric("lu_solve", x)
    if t.ndim < 1 or t.dtype.kind not in "iu":
        raise GraphTypeError(f"lu_solve: {t} are no pivots", fix="give what lu_factor returns")
    return array_type((*t.shape[:-1], rows), np.dtype(np.int64))


def _orders(pivots: Any, *, rows: int) -> Any:
    found = np.empty((*pivots.shape[:-1], rows), np.int64)
    for at in np.ndindex(*pivots.shape[:-1]):
        found[at] = _order(pivots[at], rows)
    return found


# The order of rows after the exchanges that pivots tell.
pivot_order: Op = Op("pivot_order", _pivots_type, _orders, home=__name__)


def _column_type(x: ValueType[Any]) -> NumericType[Any]:
    t = matrices("qr", x, False)
    if t.ndim != 2:
        raise ShapeError(f"qr with pivoting takes one matrix, not the shape {t.shape}", fix="call it for each matrix")
    return array_type(t.shape[-1:], np.dtype(np.int64))


def _column_order(x: Any) -> Any:
    found: Any = scipy.linalg.qr(x, mode="r", pivoting=True, check_finite=False)
    return found[1].astype(np.int64)


# The order of columns that QR with pivoting finds.
column_order: Op = Op(
    "column_order",
    _column_type,
    _column_order,
    flops=PerMatrix(2),
    home=__name__,
)


# x (..., m, n) -> both factors in one matrix, the pivots of LAPACK, and the rows in their new order. Source of the
# rule: de Hoog, Anderssen and Lukas, Differentiation of matrix functionals using triangular factorization, 2011.
lu_factors: Op = Op("lu_factors", _lu_type, _lu, _lu_vjp, flops=PerMatrix(0.7), home=__name__, batch=STACKS)
