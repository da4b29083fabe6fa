"""Decompositions: Cholesky, eigenvalues, QR and singular values, of stacks of matrices.

The primitives return tuples; the functions with NumPy's names take them apart. A cotangent of a symmetric or Hermitian
argument is symmetric or Hermitian itself, whichever triangle the function reads. Eigenvectors and singular vectors
have a derivative up to their phases: it is right for results that do not depend on these. Where eigenvalues or
singular values are equal, the share of the vectors that is not determined counts as zero, so that functions of the
values alone have finite cotangents.

The rules are those for real operands; for complex ones they hold for the conjugated cotangents, and conjugate at the
end. Sources stand beside them.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from ..arrays.arrangement import diagonal, put_diagonal, take_diagonal, tril
from ..arrays.shapes import asarray, concatenate, expand_dims, matrix_transpose
from ..arrays.tuples import item
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import TupleType, ValueType, array_type
from ..elementwise.complex_parts import real
from ..elementwise.selection import where
from .equations import inexact, matrices, same_type, solve_matrices, triangular
from .products import adjoint, conjugated, matmul


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Any
    S: Any
    Vh: Any


def real_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The real dtype of the precision of a dtype."""
    return np.finfo(dtype).dtype


def both(x: Any) -> tuple[Any, Any]:
    """The two items of a tuple."""
    return item(x, index=0), item(x, index=1)


def _hermitian(x: Any) -> Any:
    return (x + adjoint(x)) * 0.5


def _inverse_or_zero(x: Any) -> Any:
    zero = x == 0
    return where(zero, 0.0, 1.0 / where(zero, 1.0, x))


def _gaps(w: Any) -> Any:
    """1 / (w_j - w_i), or 0 where these are equal."""
    return _inverse_or_zero(expand_dims(w, -2) - expand_dims(w, -1))


def _diagonal_matrix(x: Any) -> Any:
    return put_diagonal(x, rows=x.shape[-1], columns=x.shape[-1], offset=0)


# Cholesky.


def _cholesky_vjp(g: Any, out: Any, x: Any) -> Any:
    product = matmul(adjoint(out), conjugated(g))
    half = (tril(product) + tril(product, -1)) * 0.5
    left = _lower_adjoint(out, half)
    return conjugated(_hermitian(adjoint(_lower_adjoint(out, adjoint(left)))))


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


# Eigenvalues.


def _eigh_type(x: ValueType[Any], *, uplo: str) -> TupleType:
    t = matrices("eigh", x)
    return TupleType((array_type(t.shape[:-1], real_of(inexact(t))), array_type(t.shape, inexact(t))))


def _eigh_vjp(g: Any, out: Any, x: Any, *, uplo: str) -> Any:
    (gw, gv), (w, v) = both(g), both(out)
    turned = matrix_transpose(v)
    inner = matmul(turned, gv) * _gaps(w) + _diagonal_matrix(gw)
    return _hermitian(matmul(conjugated(v), matmul(inner, turned)))


hermitian_eig: Op = Op(
    "hermitian_eig",
    _eigh_type,
    lambda x, *, uplo: tuple(np.linalg.eigh(x, uplo)),
    _eigh_vjp,
    flops=PerMatrix(20),
    home=__name__,
)


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """`numpy.linalg.eigh`: eigenvalues (..., n) and eigenvectors (..., n, n) of Hermitian matrices.

    Arguments:
        a: matrices (..., n, n), of which one triangle is read.
        UPLO: "L" or "U", which triangle.
    Returns:
        the eigenvalues, ascending, and the eigenvectors, as columns.
    Errors:
        ShapeError: no square matrix.
    """
    return EighResult(*both(hermitian_eig(asarray(a), uplo=UPLO.upper())))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """`numpy.linalg.eigvalsh`: the eigenvalues of Hermitian matrices (..., n, n), ascending."""
    return eigh(a, UPLO).eigenvalues


def _complex(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.result_type(dtype, np.complex64)


def _eig_type(x: ValueType[Any]) -> TupleType:
    t = matrices("eig", x)
    dtype = _complex(inexact(t))
    return TupleType((array_type(t.shape[:-1], dtype), array_type(t.shape, dtype)))


def _eig(x: Any) -> tuple[Any, Any]:
    w, v = np.linalg.eig(x)
    return w.astype(_complex(w.dtype), copy=False), v.astype(_complex(v.dtype), copy=False)


def _eig_vjp(g: Any, out: Any, x: Any) -> Any:
    (gw, gv), (w, v) = both(g), both(out)
    turned = matrix_transpose(v)
    product = matmul(turned, gv)
    of_length = matmul(turned, conjugated(v)) * expand_dims(real(diagonal(product, 0, -2, -1)), -2)
    inner = (product - of_length) * _gaps(w) + _diagonal_matrix(gw)
    return solve_matrices(turned, matmul(inner, turned))


# Source of the rule: Boeddeker et al., On the computation of complex-valued gradients, arXiv:1701.00392, section 4.2:
# the eigenvectors have length 1.
general_eig: Op = Op("general_eig", _eig_type, _eig, _eig_vjp, flops=PerMatrix(100), home=__name__)


def eig(a: Any) -> EigResult:
    """`numpy.linalg.eig`: eigenvalues and eigenvectors of matrices (..., n, n), complex for real matrices too."""
    return EigResult(*both(general_eig(asarray(a))))


def eigvals(a: Any) -> Any:
    """`numpy.linalg.eigvals`: the eigenvalues of matrices (..., n, n), complex for real matrices too."""
    return eig(a).eigenvalues


# QR.


def _qr_type(x: ValueType[Any], *, complete: bool) -> TupleType:
    t = matrices("qr", x, False)
    *batch, m, n = t.shape
    k = m if complete else n
    return TupleType((array_type((*batch, m, k), inexact(t)), array_type((*batch, k, n), inexact(t))))


def _qr_vjp(g: Any, out: Any, x: Any, *, complete: bool) -> Any:
    n = x.shape[-1]
    (gq, gr), (q, r) = map(conjugated, both(g)), both(out)
    first, r = q[..., :n], r[..., :n, :]
    lower = matmul(r, adjoint(gr[..., :n, :])) - matmul(adjoint(gq[..., :n]), first)
    below = tril(lower, -1)
    mixed = below + adjoint(below) + _diagonal_matrix(real_part(take_diagonal(lower, offset=0)))
    total = gq[..., :n] + matmul(first, mixed)
    if complete:
        total = total - matmul(q[..., n:], matmul(adjoint(gq[..., n:]), first))
    return conjugated(adjoint(triangular(r, adjoint(total), trans=0, lower=False, unit_diagonal=False)))


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
    gaps = _inverse_or_zero((across - down) * (across + down))
    inner = left * gaps * across + down * (right * gaps) + _diagonal_matrix(item(g, index=1))
    if x.dtype.kind == "c":
        inner = inner + _diagonal_matrix(take_diagonal(left, offset=0) * (0.5 * _inverse_or_zero(s)))
    total = matmul(matmul(u1, inner), adjoint(v1))
    turn_u, turn_v = _outside(u, gu, k), _outside(v, gv, k)
    inverse = _inverse_or_zero(across)
    if turn_u is not None:
        total = total + matmul(turn_u * inverse, adjoint(v1))
    if turn_v is not None:
        total = total + matmul(u1 * inverse, adjoint(turn_v))
    return conjugated(total)


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
