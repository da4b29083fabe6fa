"""Decompositions: Cholesky, eigenvalues, QR and singular values, of stacks of matrices.

The primitives return tuples; the functions with NumPy's names take them apart. A cotangent of a symmetric or Hermitian
argument is symmetric or Hermitian itself, whichever triangle the function reads. Eigenvectors and singular vectors
have a derivative up to their phases: it is right for results that do not depend on these. Where eigenvalues or
singular values are equal (to rounding), their vectors are not determined: the cotangent is NaN where it depends on one
of these vectors, and right where it does not, as for functions of the values alone.

The rules are those for real operands; for complex ones they hold for the conjugated cotangents, and conjugate at the
end. Sources stand beside them.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims
from ..arrays.diagonals import put_diagonal, take_diagonal, tril
from ..arrays.joins import concatenate
from ..arrays.tuples import item
from ..core.batching import STACKS
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import TupleType, ValueType, array_type
from ..elementwise.arithmetic import absolute
from ..elementwise.comparison import greater, logical_and, logical_or, not_equal
from ..elementwise.complex_parts import real
from ..elementwise.selection import where
from ..reductions.questions import any
from ..reductions.reductions import max
from .equations import inexact, matrices, same_type, triangular
from .products import adjoint, conjugated, matmul
from .undetermined import line_of, where_undetermined

__all__ = ["cholesky", "qr"]


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Any
    R: Any


def real_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The real dtype of the precision of a dtype."""
    return np.finfo(dtype).dtype


def both(x: Any) -> tuple[Any, Any]:
    """The two items of a tuple."""
    return item(x, index=0), item(x, index=1)


def hermitian(x: Any) -> Any:
    """The Hermitian part of matrices."""
    return (x + adjoint(x)) * 0.5


def used(g: Any) -> Any:
    """Whether a result depends on the columns of a matrix, given its cotangent (..., m, n): booleans (..., n)."""
    return any(not_equal(g, 0), -2)


def is_near(gap: Any, size: Any) -> Any:
    """Whether a difference of values is but a rounding error, given the largest of the values."""
    return absolute(gap) <= size * float(8 * np.finfo(real_of(gap.dtype)).eps)


def inverse(gap: Any, near: Any) -> Any:
    """1 / gap; 0 where it is but a rounding error."""
    return where(near, 0.0, 1.0 / where(near, 1.0, gap))


def differ(g: Any) -> Any:
    """Which cotangents of values (..., n, n) differ by more than functions of equal values are rounded."""
    across, down = expand_dims(g, -2), expand_dims(g, -1)
    limit = 32.0 * float(np.finfo(g.dtype).eps)
    return greater(absolute(across - down), limit * (absolute(across) + absolute(down)))


def apart(near: Any) -> Any:
    """The pairs of different columns (..., n, n) among some."""
    return logical_and(near, ~np.eye(near.shape[-1], dtype=bool))


def pairs(columns: Any) -> Any:
    """The pairs (..., n, n) of which one is among some columns (..., n)."""
    return logical_or(expand_dims(columns, -2), expand_dims(columns, -1))


def diagonal_matrix(x: Any) -> Any:
    """The matrices (..., n, n) with diagonals (..., n)."""
    return put_diagonal(x, rows=x.shape[-1], columns=x.shape[-1], offset=0)


# Cholesky.


def _cholesky_vjp(g: Any, out: Any, x: Any) -> Any:
    product = matmul(adjoint(out), conjugated(g))
    half = (tril(product) + tril(product, -1)) * 0.5
    left = _lower_adjoint(out, half)
    return conjugated(hermitian(adjoint(_lower_adjoint(out, adjoint(left)))))


def _lower_adjoint(factor: Any, x: Any) -> Any:
    trans = 2 if factor.dtype.kind == "c" else 1
    return triangular(factor, x, trans=trans, lower=True, unit_diagonal=False)


# Source of the rule: Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, equation 10.
lower_cholesky: Op = Op(
    "lower_cholesky",
    partial(same_type, "cholesky"),
    lambda x: np.linalg.cholesky(x),
    _cholesky_vjp,
    flops=PerMatrix(1.4),
    home=__name__,
    batch=STACKS,
)


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """`numpy.linalg.cholesky`.

    Arguments:
        a: Hermitian positive-definite matrices (..., n, n), of which one triangle is read.
        upper: whether the factor, and that triangle, is the upper one.
    Returns:
        l with l @ l^H = a, or u with u^H @ u = a.
    Errors:
        ShapeError: no square matrix.
        LinAlgError: a matrix that is not positive definite, when it runs.
    """
    return adjoint(lower_cholesky(adjoint(asarray(a)))) if upper else lower_cholesky(asarray(a))


# QR.

QR_TURN = (
    "qr: columns of q that depend on no column of the matrix, or on one that depends on those before it, are not"
    " determined"
)


def rotates(u: Any, gu: Any) -> Any:
    """Whether a result would change if columns were turned among themselves: booleans (..., 1).

    To first order a turn changes it by the skew part of u^H gu. Where that is but a rounding error, no turn matters.

    Arguments:
        u: orthonormal columns (..., m, k).
        gu: their cotangents.
    """
    product = matmul(adjoint(u), gu)
    skew, limit = absolute(product - adjoint(product)), 64 * float(np.finfo(real_of(u.dtype)).eps)
    largest = max(absolute(gu), (-2, -1), keepdims=True) if 0 not in gu.shape else 0.0
    return any(skew > limit * largest, (-2, -1), keepdims=True)[..., 0]


def _qr_type(x: ValueType[Any], *, complete: bool) -> TupleType:
    t = matrices("qr", x, False)
    *batch, m, n = t.shape
    k = m if complete else n
    return TupleType((array_type((*batch, m, k), inexact(t)), array_type((*batch, k, n), inexact(t))))


def _qr_vjp(g: Any, out: Any, x: Any, *, complete: bool) -> Any:
    m, n = x.shape[-2:]
    (gq, gr), (q, r) = map(conjugated, both(g)), both(out)
    first, r = q[..., :n], r[..., :n, :]
    diagonal = absolute(take_diagonal(r, offset=0))
    dead = is_near(diagonal, max(diagonal, -1, keepdims=True) if n else diagonal)
    by_others = m == n and x.dtype.kind != "c"  # the last column of a square q is determined by the others
    if by_others:
        dead = logical_and(dead, np.arange(n) < n - 1)
    r = r + diagonal_matrix(where(dead, 1.0, 0.0 * diagonal))  # the answer is NaN there, where it matters
    bad = any(logical_and(dead, logical_or(used(gq[..., :n]), used(adjoint(gr[..., :n, :])))), -1, keepdims=True)
    lower = matmul(r, adjoint(gr[..., :n, :])) - matmul(adjoint(gq[..., :n]), first)
    below = tril(lower, -1)
    mixed = below + adjoint(below) + diagonal_matrix(real_part(take_diagonal(lower, offset=0)))
    total = gq[..., :n] + matmul(first, mixed)
    if complete:
        total = total - matmul(q[..., n:], matmul(adjoint(gq[..., n:]), first))
        bad = logical_or(bad, rotates(q[..., n:], gq[..., n:]))
    answer = _by_leading(first, r, gr, total) if by_others else _solved(total, r)
    answer = conjugated(answer)
    return where_undetermined(answer, answer, expand_dims(bad, -1), what=QR_TURN, line=line_of(g))


def _solved(total: Any, r: Any) -> Any:
    """total r^-H."""
    return adjoint(triangular(r, adjoint(total), trans=0, lower=False, unit_diagonal=False))


def _by_leading(q: Any, r: Any, gr: Any, total: Any) -> Any:
    """The same of a square q, without a division by the last element of r, which may be 0.

    The last column of the rule's matrix is r_nn times that of gr: so the last column of the answer is q times that, and
    the others follow from the leading part of r.
    """
    n = r.shape[-1] - 1
    last = matmul(q, gr[..., n:])
    if not n:
        return last
    return concatenate([_solved(total[..., :n] - matmul(last, adjoint(r[..., :n, n:])), r[..., :n, :n]), last], -1)


def real_part(x: Any) -> Any:
    """The real part of an array, which is itself where its dtype is real."""
    return real(x) if x.dtype.kind == "c" else x


# x (m, n) with m >= n. Source of the rule: Roberts and Roberts, QR and LQ decomposition matrix backpropagation
# algorithms, arXiv:2009.10071, equation 3. The columns of a complete q beyond n turn against the first n.
tall_qr: Op = Op(
    "tall_qr",
    _qr_type,
    lambda x, *, complete: tuple(np.linalg.qr(x, "complete" if complete else "reduced")),
    _qr_vjp,
    flops=PerMatrix(8),
    home=__name__,
    batch=STACKS,
)


def qr(a: Any, mode: str = "reduced") -> Any:
    """`numpy.linalg.qr`.

    Arguments:
        a: matrices (..., m, n) of full rank.
        mode: "reduced", "complete" or "r".
    Returns:
        q (..., m, k) with orthonormal columns and an upper triangular r (..., k, n), where k = min(m, n), or m with
        "complete"; with "r", only r.
    Errors:
        ShapeError: no matrix.
    """
    x = asarray(a)
    if mode not in ("reduced", "complete", "r") or len(x.shape) < 2:
        raise ShapeError(f"qr: no mode {mode!r} for the shape {x.shape}", fix='use "reduced", "complete" or "r"')
    m, n = x.shape[-2:]
    q, r = both(tall_qr(x[..., :m], complete=mode == "complete" and m > n))
    if m < n:
        r = concatenate([r, matmul(adjoint(q), x[..., m:])], -1)
    return r if mode == "r" else QRResult(q, r)
