"""Eigenvalues and eigenvectors of Hermitian matrices, whole ones and such as are given by their diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...graph.tracing.source_lines import user_line
from ...ops import linear_algebra as ops
from ...ops.arrays import asarray
from ...ops.elementwise import where
from ...ops.linear_algebra import matmul, solve_triangular
from ...ops.linear_algebra.decompositions import both
from ...ops.linear_algebra.products import adjoint
from ...ops.linear_algebra.structured.tridiagonal import tridiagonal_eig
from ...ops.reductions import sum
from .equations import from_triangle

__all__ = ["eig_banded", "eigh", "eigh_tridiagonal", "eigvals_banded", "eigvalsh", "eigvalsh_tridiagonal"]


# Eigenvalues of Hermitian matrices.


def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """`scipy.linalg.eigh`: eigenvalues, ascending, and eigenvectors of Hermitian matrices.

    Arguments:
        a: a matrix (..., n, n), of which one triangle is read.
        b: one that is positive definite, of which the same triangle is read; None for the identity.
        lower: which triangle.
        eigvals_only: whether to return the eigenvalues alone.
        overwrite_a, overwrite_b, check_finite, driver: ignored.
        type: 1 for a v = w b v, 2 for a b v = w v, 3 for b a v = w v.
        subset_by_index: the first and the last index wanted.
        subset_by_value: (low, high): those in between are wanted, high included, which is a question.
    Returns:
        w, or w and v.
    """
    x = asarray(a)
    factor = None if b is None else _factor(asarray(b), lower)
    if factor is not None:
        x = from_triangle(x, lower)
        x = _reduced(factor, x) if type == 1 else matmul(adjoint(factor), matmul(x, factor))
    w, v = ops.eigh(x, "L" if lower else "U")
    if factor is not None:
        trans = 2 if factor.dtype.kind == "c" else 1
        v = matmul(factor, v) if type == 3 else solve_triangular(factor, v, trans, True)
    select = "i" if subset_by_index is not None else "v"
    return _selected(w, v, select, subset_by_index or subset_by_value, eigvals_only)


def _factor(b: Any, lower: bool) -> Any:
    return ops.cholesky(b) if lower else adjoint(ops.cholesky(b, upper=True))


def _reduced(factor: Any, x: Any) -> Any:
    """l^-1 x l^-H."""
    half = solve_triangular(factor, x, 0, True)
    return adjoint(solve_triangular(factor, adjoint(half), 0, True))


def _selected(w: Any, v: Any, select: str, wanted: Any, eigvals_only: bool) -> Any:
    """The wanted eigenvalues, and their vectors unless they are not."""
    which = _chosen(w, select, wanted)
    return w[..., which] if eigvals_only else (w[..., which], v[..., which])


def _chosen(w: Any, select: str, wanted: Any) -> slice:
    """Which of ascending eigenvalues are wanted."""
    if select in ("a", "all") or wanted is None:
        return slice(None)
    low, high = wanted
    if select in ("i", "index"):
        return slice(int(low), int(high) + 1)
    if select not in ("v", "value"):
        raise ArgumentError(f"no select is called {select!r}", user_line(), 'take "a", "v" or "i"')
    return slice(int(sum(w <= low)), int(sum(w <= high)))


def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """`scipy.linalg.eigvalsh`: the eigenvalues of Hermitian matrices, ascending; see `eigh`."""
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        type=type,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )


# Eigenvalues of matrices that are given by their diagonals.


def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """`scipy.linalg.eigh_tridiagonal`: eigenvalues and vectors of a real symmetric tridiagonal matrix.

    Arguments:
        d, e: its diagonal (n,) and the one beside it (n - 1,).
        eigvals_only: whether to return the eigenvalues alone.
        select, select_range: "a" for all; "i" and the first and last index; "v" and (low, high].
        check_finite, tol, lapack_driver: ignored.
    """
    w, v = both(tridiagonal_eig(asarray(d), asarray(e)))
    return _selected(w, v, select, select_range, eigvals_only)


def eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """`scipy.linalg.eigvalsh_tridiagonal`: the eigenvalues alone; see `eigh_tridiagonal`."""
    return eigh_tridiagonal(d, e, True, select, select_range)


def eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: str = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.eig_banded`: eigenvalues and vectors of a Hermitian banded matrix, by the whole matrix.

    Arguments:
        a_band: diagonals (u + 1, n), as of `solveh_banded`.
        lower: on which side they are.
        eigvals_only, select, select_range: as of `eigh_tridiagonal`.
        overwrite_a_band, max_ev, check_finite: ignored.
    """
    band = asarray(a_band)
    rows, n = band.shape
    i, j = np.arange(n)[:, None], np.arange(n)
    row = i - j if lower else rows - 1 + i - j
    inside = (row >= 0) & (row < rows) & ((i >= j) if lower else (i <= j))
    half = where(inside, band[np.clip(row, 0, rows - 1), j + 0 * i], 0)
    w, v = ops.eigh(from_triangle(half, lower))
    return _selected(w, v, select, select_range, eigvals_only)


def eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.eigvals_banded`: the eigenvalues alone; see `eig_banded`."""
    return eig_banded(a_band, lower, True, select=select, select_range=select_range)
