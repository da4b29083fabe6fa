"""Diagonals and triangles of matrices: taken, put in place, and summed.

The primitives work on the last two axes; the functions with NumPy's names move the axes there.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..core.batching import STACKS
from ..core.dependence import moves
from ..core.op import Kind, Op
from ..core.types import NumericType, ValueType, array_type, numeric
from .as_array import asarray
from .axes import moveaxis
from .views import broadcast_to, ravel, sum_to

__all__ = ["diag", "diagflat", "diagonal", "trace", "tril", "triu"]

# Diagonals and triangles of the last two axes.


def _matrices(op: str, x: ValueType[Any]) -> NumericType[Any]:
    (t,) = numeric(op, x)
    if t.ndim < 2:
        raise ShapeError(f"{op}: the shape {t.shape} is not that of a matrix", fix="at least two axes are needed")
    return t


def _diagonal_length(rows: int, columns: int, offset: int) -> int:
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))


def _take_diagonal_type(x: ValueType[Any], *, offset: int) -> NumericType[Any]:
    t = _matrices("diagonal", x)
    return array_type((*t.shape[:-2], _diagonal_length(t.shape[-2], t.shape[-1], offset)), t.dtype)


take_diagonal: Op = Op(
    "take_diagonal",
    _take_diagonal_type,
    lambda x, *, offset: np.diagonal(x, offset, -2, -1),
    lambda g, out, x, *, offset: put_diagonal(g, rows=x.shape[-2], columns=x.shape[-1], offset=offset),
    Kind.VIEW,
    home=__name__,
    batch=STACKS,
)


def _put_diagonal_type(x: ValueType[Any], *, rows: int, columns: int, offset: int) -> NumericType[Any]:
    (t,) = numeric("put_diagonal", x)
    if t.shape[-1:] != (_diagonal_length(rows, columns, offset),):
        raise ShapeError(
            f"put_diagonal: {t.shape} is not the shape of diagonal {offset} of ({rows}, {columns})",
            fix="give as many elements as the diagonal has",
        )
    return array_type((*t.shape[:-1], rows, columns), t.dtype)


def _put_diagonal(x: Any, *, rows: int, columns: int, offset: int) -> Any:
    out = np.zeros((*x.shape[:-1], rows * columns), x.dtype)
    start = offset if offset >= 0 else -offset * columns
    out[..., start : start + x.shape[-1] * (columns + 1) : columns + 1] = x
    return out.reshape((*x.shape[:-1], rows, columns))


# The adjoint of take_diagonal.
put_diagonal: Op = Op(
    "put_diagonal",
    _put_diagonal_type,
    _put_diagonal,
    lambda g, out, x, *, rows, columns, offset: take_diagonal(g, offset=offset),
    home=__name__,
    batch=STACKS,
    depends=moves(),
)


def _triangle_type(x: ValueType[Any], *, k: int, lower: bool) -> NumericType[Any]:
    return _matrices("tril" if lower else "triu", x)


triangle: Op = Op(
    "triangle",
    _triangle_type,
    lambda x, *, k, lower: np.tril(x, k) if lower else np.triu(x, k),
    lambda g, out, x, *, k, lower: triangle(g, k=k, lower=lower),
    home=__name__,
    batch=STACKS,
    depends=moves(),
)


# NumPy's functions.


def sum_axis(x: Any, axis: int) -> Any:
    """The sum along one axis."""
    rest = moveaxis(x, axis, 0)
    return sum_to(rest, shape=rest.shape[1:])


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`numpy.diagonal`: a view of a diagonal of the two axes, as the last axis of the result."""
    return take_diagonal(moveaxis(a, (axis1, axis2), (-2, -1)), offset=operator.index(offset))


def diag(v: Any, k: int = 0) -> Any:
    """`numpy.diag`: the k-th diagonal of a matrix, or the matrix with the vector `v` as its k-th diagonal."""
    x = asarray(v)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ShapeError(f"diag takes a vector or a matrix, not the shape {x.shape}", fix="use diagonal or diagflat")
    n = x.shape[0] + abs(k)
    return put_diagonal(x, rows=n, columns=n, offset=operator.index(k))


def diagflat(v: Any, k: int = 0) -> Any:
    """`numpy.diagflat`: the matrix with all elements of `v` as its k-th diagonal."""
    return diag(ravel(v), k)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """`numpy.trace`: the sum of a diagonal of the two axes, which the result lacks."""
    line = asarray(diagonal(a, offset, axis1, axis2))
    return sum_axis(asarray(line, summed(line.dtype) if dtype is None else dtype), -1)


def summed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that NumPy sums a dtype in: that of the machine's integers for booleans and shorter integers."""
    return np.result_type(dtype, np.uintp if dtype.kind == "u" else np.intp) if dtype.kind in "biu" else dtype


def _triangle(m: Any, k: int, lower: bool) -> Any:
    x = asarray(m)
    if len(x.shape) == 1:
        x = broadcast_to(x, (x.shape[0], x.shape[0]))
    return triangle(x, k=operator.index(k), lower=lower)


def tril(m: Any, k: int = 0) -> Any:
    """`numpy.tril`: `m` (..., m, n) with zeros above its k-th diagonal."""
    return _triangle(m, k, True)


def triu(m: Any, k: int = 0) -> Any:
    """`numpy.triu`: `m` (..., m, n) with zeros below its k-th diagonal."""
    return _triangle(m, k, False)
