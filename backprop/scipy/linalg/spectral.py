"""Eigenvalues of any matrices, singular values, and the spaces that their vectors span.

Vectors have a derivative up to their phases, and are not determined where values are equal: see the ops of these names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import linear_algebra as ops
from ...ops.arrays import asarray, flip
from ...ops.elementwise import arccos, arcsin, clip, square, where
from ...ops.linear_algebra import matmul
from ...ops.linear_algebra.products import adjoint
from ...ops.reductions import any, max, sum
from ..plain import refuse
from .equations import epsilon

__all__ = ["eig", "eigvals", "null_space", "orth", "subspace_angles", "svd", "svdvals"]

# Singular values.


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """`scipy.linalg.svd`: u, s, vh of matrices (..., m, n), or s alone without `compute_uv`; the rest is ignored."""
    found = ops.svd(asarray(a), full_matrices, compute_uv)
    return tuple(found) if compute_uv else found


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.svdvals`: the singular values of matrices (..., m, n), descending."""
    return ops.svdvals(asarray(a))


def _rank(s: Any, shape: tuple[int, ...], rcond: float | None) -> int:
    """How many singular values are no rounding errors: a question."""
    limit = epsilon(s) * np.max(shape) if rcond is None else rcond
    return int(sum(s > limit * max(s, initial=0.0)))


def orth(A: Any, rcond: float | None = None) -> Any:
    """`scipy.linalg.orth`: an orthonormal basis of the columns of a matrix (m, n), whose rank is a question.

    It has a derivative for results that depend on the space alone.
    """
    x = asarray(A)
    u, s, _ = ops.svd(x, full_matrices=False)
    return u[:, : _rank(s, x.shape, rcond)]


def null_space(
    A: Any,
    rcond: float | None = None,
    *,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """`scipy.linalg.null_space`: an orthonormal basis of what a matrix (m, n) maps to 0; see `orth`."""
    x = asarray(A)
    _, s, vh = ops.svd(x)
    return adjoint(vh[_rank(s, x.shape, rcond) :])


def subspace_angles(A: Any, B: Any) -> Any:
    """`scipy.linalg.subspace_angles`: the angles between the spaces of the columns of two matrices, descending.

    Source: Knyazev and Argentati, SIAM J. Sci. Comput. 23(6), 2002, as in SciPy.
    """
    one, other = orth(A), orth(B)
    product = matmul(adjoint(one), other)
    sigma = ops.svdvals(product)
    wide = one.shape[1] >= other.shape[1]
    apart = other - matmul(one, product) if wide else one - matmul(other, adjoint(product))
    near = square(sigma) >= 0.5
    angle = arcsin(clip(ops.svdvals(apart), -1.0, 1.0)) if any(near) else 0.0
    return where(near, angle, arccos(clip(flip(sigma), -1.0, 1.0)))


# Eigenvalues of any matrix.


def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """`scipy.linalg.eig`: eigenvalues and vectors, complex for real matrices too.

    Arguments:
        a: a matrix (n, n).
        b: a regular matrix (n, n): a v = w b v; None for the identity.
        left, right: which vectors are returned, of length 1.
        overwrite_a, overwrite_b, check_finite: ignored.
        homogeneous_eigvals: False.
    Returns:
        w, the left vectors and the right ones, those that are wanted.
    Errors:
        GraphTypeError: homogeneous_eigvals.
    """
    if homogeneous_eigvals:
        refuse("eig", "homogeneous_eigvals", "leave it out, and give a regular b")
    x = asarray(a) if b is None else ops.solve(asarray(b), asarray(a))
    w, v = ops.eig(x)
    wanted = [*([_left(v, b)] if left else []), *([v] if right else [])]
    return (w, *wanted) if wanted else w


def _left(v: Any, b: Any) -> Any:
    """The left eigenvectors, given the right ones."""
    rows = adjoint(ops.inv(v) if b is None else ops.inv(matmul(asarray(b), v)))
    return rows / ops.norm(rows, axis=-2, keepdims=True)


def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """`scipy.linalg.eigvals`: the eigenvalues of a matrix (n, n), or of two; see `eig`."""
    return eig(a, b, right=False, homogeneous_eigvals=homogeneous_eigvals)
