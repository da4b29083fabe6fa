"""Singular values and vectors, of stacks of matrices.

The vectors have a derivative up to their phases; where a result depends on a share of the vectors that is not
determined, it is NaN, and a warning says so. A singular value that is 0 has a corner there, as an absolute value has.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...arrays.as_array import asarray
from ...arrays.axes import expand_dims, matrix_transpose
from ...arrays.diagonals import take_diagonal
from ...arrays.tuples import item
from ...core.batching import STACKS
from ...core.costs import PerMatrix
from ...core.op import Op
from ...core.types import TupleType, ValueType, array_type
from ...elementwise.arithmetic import absolute
from ...elementwise.comparison import greater, logical_and, logical_not, logical_or
from ...elementwise.masking import cornered, scale
from ...elementwise.selection import where
from ...reductions.questions import any
from ...reductions.reductions import max
from ..decompositions import diagonal_matrix, differ, inverse, is_near, real_of, rotates, turned, used
from ..equations import inexact, matrices
from ..products import adjoint, conjugated, matmul
from ..undetermined import is_absent, line_of, where_undetermined

__all__ = ["svd", "svdvals"]


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Any
    S: Any
    Vh: Any


# Singular values.


def _svd_type(x: ValueType[Any], *, full: bool) -> TupleType:
    t = matrices("svd", x, False)
    *batch, m, n = t.shape
    k = min(m, n)
    u, vh = ((m, m), (n, n)) if full else ((m, k), (k, n))
    kinds = inexact(t), real_of(inexact(t))
    return TupleType(
        (array_type((*batch, *u), kinds[0]), array_type((*batch, k), kinds[1]), array_type((*batch, *vh), kinds[0]))
    )


def _svd_vjp(g: Any, out: Any, x: Any, *, full: bool) -> Any:
    k = min(x.shape[-2:])
    gu, gv = conjugated(item(g, index=0)), matrix_transpose(item(g, index=2))
    u, v, s = item(out, index=0), adjoint(item(out, index=2)), item(out, index=1)
    u1, v1, gu1, gv1 = u[..., :k], v[..., :k], gu[..., :k], gv[..., :k]
    left, right = _skew(matmul(adjoint(u1), gu1)), _skew(matmul(adjoint(v1), gv1))
    across, down = expand_dims(s, -2), expand_dims(s, -1)
    columns, largest = logical_or(used(gu1), used(gv1)), s[..., :1]
    change = scale(left * across + down * right, inverse(across + down, is_near(across + down, largest[..., None])))
    line, equal = line_of(g), is_near(across - down, largest[..., None])
    inner = turned(
        change, across - down, equal, columns, "svd: vectors of equal singular values are not determined", line
    )
    zero, gs = is_near(s, largest), item(g, index=1)
    if not (is_absent(g, 0) and is_absent(g, 2)):  # else a corner, or told apart by place
        split = any(logical_and(equal, differ(gs)), -1)
        what = "svd: equal singular values, or 0, have no derivative one by one beside that of their vectors"
        gs = where_undetermined(gs, logical_or(split, logical_and(zero, _counts(gs))), what=what, line=line)
    inner = inner + diagonal_matrix(cornered(gs * logical_not(zero), s, where(zero, s, math.nan)))
    if x.dtype.kind == "c":
        inner = inner + diagonal_matrix(scale(take_diagonal(left, offset=0), 0.5 * inverse(s, zero)))
    total = matmul(matmul(u1, inner), adjoint(v1))
    turn_u, turn_v = _outside(u, gu, k), _outside(v, gv, k)
    if turn_u is not None:
        total = total + matmul(_outward(turn_u, s, zero, _or_any(columns, gu[..., k:]), line), adjoint(v1))
        total = _apart(total, u[..., k:], gu[..., k:], line)
    if turn_v is not None:
        total = total + matmul(u1, adjoint(_outward(turn_v, s, zero, _or_any(columns, gv[..., k:]), line)))
        total = _apart(total, v[..., k:], gv[..., k:], line)
    return conjugated(total)


def _counts(gs: Any) -> Any:
    """Which cotangents of values (..., k) are more than the rounding errors of the others."""
    size = absolute(gs)
    largest = max(size, -1, keepdims=True) if size.shape[-1] else size
    return greater(size, largest * (32.0 * float(np.finfo(gs.dtype).eps)))


def _outward(turn: Any, s: Any, zero: Any, columns: Any, line: str) -> Any:
    """How much vectors turn out of their span; undetermined where a singular value is zero."""
    quotient = scale(turn, expand_dims(inverse(s, zero), -2))
    what = "svd: vectors of singular values that are 0 are not determined"
    return where_undetermined(quotient, expand_dims(logical_and(zero, columns), -2), what=what, line=line)


def _apart(total: Any, u: Any, gu: Any, line: str) -> Any:
    """The cotangent, where no result depends on how the further columns of a full u are turned among themselves."""
    if u.shape[-1] < 2:
        return total
    what = "svd: the further columns of a full U or V are determined but for a rotation"
    return where_undetermined(total, expand_dims(rotates(u, gu), -1), what=what, line=line)


def _or_any(columns: Any, *others: Any) -> Any:
    """Columns that are used, or all of them where one of the other columns is."""
    for other in others:
        if other.shape[-1]:
            columns = logical_or(columns, any(used(other), -1, keepdims=True))
    return columns


def _skew(x: Any) -> Any:
    return x - adjoint(x)


def _outside(u: Any, gu: Any, k: int) -> Any:
    """What turns the first k columns of u (m, k or m) out of their span; None where they span everything."""
    first, rows, columns = u[..., :k], u.shape[-2], u.shape[-1]
    if rows == k:
        return None
    turn = gu[..., :k] - matmul(first, matmul(adjoint(first), gu[..., :k]))
    if columns == k:
        return turn
    return turn - matmul(u[..., k:], matmul(adjoint(gu[..., k:]), first))


# Source of the rule: Townsend, Differentiating the singular value decomposition, 2016; the complex diagonal as in
# Wan and Zhang, Automatic differentiation for complex valued SVD, arXiv:1909.02659. Further columns of a full u turn
# against the first ones.
singular_values: Op = Op(
    "singular_values",
    _svd_type,
    lambda x, *, full: tuple(np.linalg.svd(x, full)),
    _svd_vjp,
    flops=PerMatrix(35),
    home=__name__,
    batch=STACKS,
)


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """`numpy.linalg.svd`.

    Arguments:
        a: matrices (..., m, n).
        full_matrices: whether u and vh are square; else their inner axis has length k = min(m, n).
        compute_uv: whether to return more than the singular values.
        hermitian: ignored: it only makes NumPy faster.
    Returns:
        u (..., m, m or k), the singular values (..., k), descending, and vh (..., n or k, n).
    Errors:
        ShapeError: no matrix.
    """
    result = singular_values(asarray(a), full=bool(full_matrices and compute_uv))
    u, s, vh = (item(result, index=i) for i in range(3))
    return SVDResult(u, s, vh) if compute_uv else s


def svdvals(x: Any, /) -> Any:
    """`numpy.linalg.svdvals`: the singular values of matrices (..., m, n), descending."""
    return svd(x, compute_uv=False)
