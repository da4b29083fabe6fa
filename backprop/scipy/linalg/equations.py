"""Equations, inverses, determinants, norms and least squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops import linear_algebra as ops
from ...ops.arrays import asarray, diagonal, expand_dims, matrix_transpose, reshape, tril, triu
from ...ops.core.types import array_type
from ...ops.linear_algebra import cho_solve, solve_triangular
from ...ops.linear_algebra.equations import inexact
from ...ops.linear_algebra.products import adjoint
from ...ops.reductions import sum
from ..plain import refuse

__all__ = ["cho_solve", "det", "inv", "lstsq", "norm", "pinv", "pinvh", "solve", "solve_triangular"]

KINDS = {
    "gen": "general",
    "sym": "symmetric",
    "her": "hermitian",
    "pos": "positive definite",
    **{name: name for name in ("general", "symmetric", "hermitian", "positive definite", "diagonal", "tridiagonal")},
    **{name: name for name in ("banded", "upper triangular", "lower triangular")},
}


def from_triangle(a: Any, lower: bool, conjugate: bool = True) -> Any:
    """The Hermitian, or symmetric, matrices of which one triangle is given."""
    half, rest = (tril(a), tril(a, -1)) if lower else (triu(a), triu(a, 1))
    return half + (adjoint(rest) if conjugate else matrix_transpose(rest))


def epsilon(x: Any) -> float:
    """The relative precision of the dtype that linear algebra computes in for an array."""
    return float(np.finfo(inexact(array_type((), x.dtype))).eps)


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """`scipy.linalg.solve`: the x with a x = b.

    Arguments:
        a: matrices (..., n, n).
        b: a vector (n,), or matrices (..., n, k).
        lower: which triangle is read, where `assume_a` says that one is enough.
        overwrite_a, overwrite_b, check_finite: ignored.
        assume_a: what `a` is, "gen", "sym", "her", "pos", "diagonal", "tridiagonal", "banded", "upper triangular" or
            "lower triangular": elements that this leaves no choice for are not read, and have no cotangent.
        transposed: whether to solve a^T x = b.
    Returns:
        x, of the shape of `b`.
    Errors:
        GraphTypeError: another `assume_a`.
        LinAlgError: a singular matrix, or one that is not positive definite with "pos", when it runs.
    """
    kind = KINDS.get(assume_a or "general")
    x, y = asarray(a), asarray(b)
    if kind is None:
        refuse("solve", f"assume_a={assume_a!r}", f"take one of {', '.join(map(repr, KINDS))}")
    if kind.endswith("triangular"):
        return solve_triangular(x, y, int(transposed), kind == "lower triangular")
    x = matrix_transpose(x) if transposed else x
    lower = lower != transposed
    if kind == "diagonal":
        line = diagonal(x, 0, -2, -1)
        return y / (line if y.ndim == 1 else expand_dims(line, -1))
    if kind == "positive definite":
        return cho_solve((ops.cholesky(x, upper=not lower), lower), y)
    if kind in ("symmetric", "hermitian"):
        x = from_triangle(x, lower, kind == "hermitian")
    elif kind == "tridiagonal":
        x = triu(tril(x, 1), -1)
    return ops.solve(x, y)


def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: str | None = None,
    lower: bool = False,
) -> Any:
    """`scipy.linalg.inv`: the inverses of matrices (..., n, n); `assume_a` and `lower` as in `solve`."""
    x = asarray(a)
    if assume_a in (None, "gen", "general"):
        return ops.inv(x)
    return solve(x, np.eye(x.shape[-1], dtype=inexact(array_type((), x.dtype))), lower, assume_a=assume_a)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.det`: the determinants of matrices (..., n, n)."""
    return ops.det(asarray(a))


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.norm`: norms of vectors or matrices, as `numpy.linalg.norm` takes them."""
    return ops.norm(a, ord, axis, keepdims)


def pinv(
    a: Any,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.pinv`: the pseudo-inverse of matrices (..., m, n), and their rank where `return_rank` asks for it.

    Arguments:
        a: the matrices.
        atol: None or 0.
        rtol: which singular values count as zero, relative to the largest; by default those below eps max(m, n).
        return_rank: whether to return (the pseudo-inverse, the rank).
        check_finite: ignored.
    Errors:
        GraphTypeError: an absolute limit `atol`.
    """
    x = asarray(a)
    if atol:
        refuse("pinv", f"atol={atol}", "give rtol=, which is relative to the largest singular value")
    limit = max(x.shape[-2:]) * epsilon(x) if rtol is None else rtol
    found = ops.pinv(x, limit)
    return (found, ops.matrix_rank(x, rtol=limit)) if return_rank else found


def pinvh(
    a: Any,
    atol: float | None = None,
    rtol: float | None = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.pinvh`: the pseudo-inverse of a Hermitian matrix of which one triangle is read; see `pinv`."""
    return pinv(from_triangle(asarray(a), lower), atol=atol, rtol=rtol, return_rank=return_rank)


def lstsq(
    a: Any,
    b: Any,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> tuple[Any, Any, Any, Any]:
    """`scipy.linalg.lstsq`, by the pseudo-inverse.

    Arguments:
        a: a matrix (m, n).
        b: a vector (m,) or a matrix (m, k).
        cond: which singular values count as zero, relative to the largest; by default those below eps.
        overwrite_a, overwrite_b, check_finite, lapack_driver: ignored.
    Returns:
        the x that minimises |b - a x|, the squares of these lengths where m > n, taking the rank to be n, the rank,
        and the singular values.
    """
    x, y = asarray(a), asarray(b)
    solution, errors, rank, s = ops.lstsq(x, y, epsilon(x) if cond is None else cond)
    if y.ndim == 1 and math.prod(errors.shape) == 1:
        errors = sum(reshape(errors, (1,)))
    return solution, errors, rank, s
