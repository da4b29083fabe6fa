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
from ...elementwise.masking import cornered
from ...elementwise.selection import where
from ...reductions.questions import any
from ...reductions.reductions import max, sum
from ..decompositions import apart, diagonal_matrix, differ, inverse, is_near, pairs, real_of, rotates, used
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
    k, line = min(x.shape[-2:]), line_of(g)
    gu, gv = conjugated(item(g, index=0)), matrix_transpose(item(g, index=2))
    u, v, s = item(out, index=0), adjoint(item(out, index=2)), item(out, index=1)
    u1, v1, gu1, gv1 = u[..., :k], v[..., :k], gu[..., :k], gv[..., :k]
    left, right = _skew(matmul(adjoint(u1), gu1)), _skew(matmul(adjoint(v1), gv1))
    across, down, largest = expand_dims(s, -2), expand_dims(s, -1), s[..., :1]
    columns, equal = logical_or(used(gu1), used(gv1)), is_near(across - down, largest[..., None])
    change = (left * across + down * right) * inverse(across + down, is_near(across + down, largest[..., None]))
    zero, gs = is_near(s, largest), item(g, index=1)
    inner = change * inverse(across - down, equal)
    inner = inner + diagonal_matrix(cornered(gs * logical_not(zero), s, where(zero, s, math.nan)))
    if x.dtype.kind == "c":
        inner = inner + diagonal_matrix(take_diagonal(left, offset=0) * (0.5 * inverse(s, zero)))
    total, free = matmul(matmul(u1, inner), adjoint(v1)), apart(equal)
    what = "svd: vectors of equal singular values are not determined"
    total = where_undetermined(total, change, logical_and(free, pairs(columns)), free, what=what, line=line)
    if not (is_absent(g, 0) and is_absent(g, 2)):  # else a corner, or told apart by place
        split = logical_or(any(logical_and(equal, differ(gs)), -1), logical_and(zero, _counts(absolute(gs))))
        what = "svd: equal singular values, or 0, have no derivative one by one beside that of their vectors"
        total = where_undetermined(total, expand_dims(gs, -2), expand_dims(split, -2), what=what, line=line)
    if x.shape[-2] > k:
        outward = _outward(u, gu, s, zero)
        total = _beyond(total + matmul(outward, adjoint(v1)), outward, u[..., k:], gu, zero, line)
    elif x.shape[-1] > k:
        outward = _outward(v, gv, s, zero)
        total = _beyond(total + matmul(u1, adjoint(outward)), outward, v[..., k:], gv, zero, line)
    elif not (is_absent(g, 0) or is_absent(g, 2)):  # else the vectors of each side are determined but for their signs
        flips = logical_and(zero, logical_or(_counts(_sizes(gu)), _counts(_sizes(gv))))
        what = "svd: where a singular value is 0, the product of its vectors jumps"
        total = where_undetermined(total, gu, expand_dims(flips, -2), what=what, line=line)
    return conjugated(total)


def _sizes(g: Any) -> Any:
    """How large the cotangents of columns (..., m, k) are, in all (..., k)."""
    return sum(absolute(g), -2)


def _counts(sizes: Any) -> Any:
    """Which of some sizes (..., k) are more than the rounding errors of the others."""
    largest = max(sizes, -1, keepdims=True) if sizes.shape[-1] else sizes
    return greater(sizes, largest * (32.0 * float(np.finfo(sizes.dtype).eps)))


def _skew(x: Any) -> Any:
    return x - adjoint(x)


def _outward(u: Any, gu: Any, s: Any, zero: Any) -> Any:
    """How much the first k columns of u (m, k or m) turn out of their span; 0 where a singular value is zero."""
    k = s.shape[-1]
    first, further = u[..., :k], u[..., k:]
    turn = gu[..., :k] - matmul(first, matmul(adjoint(first), gu[..., :k]))
    if further.shape[-1]:
        turn = turn - matmul(further, matmul(adjoint(gu[..., k:]), first))
    return turn * expand_dims(inverse(s, zero), -2)


def _beyond(total: Any, outward: Any, further: Any, gu: Any, zero: Any, line: str) -> Any:
    """The cotangent, where it depends on no column of a singular value 0, nor on how the further columns are turned."""
    k = outward.shape[-1]
    columns = used(gu[..., :k])
    if further.shape[-1]:
        columns = logical_or(columns, any(used(gu[..., k:]), -1, keepdims=True))
    what = "svd: vectors of singular values that are 0 are not determined"
    free = expand_dims(zero, -2)
    total = where_undetermined(total, outward, logical_and(free, expand_dims(columns, -2)), free, what=what, line=line)
    if further.shape[-1] < 2:
        return total
    what = "svd: the further columns of a full U or V are determined but for a rotation"
    return where_undetermined(total, total, expand_dims(rotates(further, gu[..., k:]), -1), what=what, line=line)


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
