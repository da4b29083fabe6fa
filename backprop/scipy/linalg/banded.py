"""Equations with banded, Toeplitz and circulant matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays import asarray, expand_dims, moveaxis, ravel, reshape
from ...ops.core.types import array_type
from ...ops.elementwise import real
from ...ops.linear_algebra import matmul, toeplitz
from ...ops.linear_algebra.equations import inexact
from ...ops.linear_algebra.products import conjugated
from ...ops.linear_algebra.structured.banded import banded_solve, hermitian_banded_solve, toeplitz_solve
from ...ops.special import fft, ifft
from ..plain import refuse

__all__ = ["matmul_toeplitz", "solve_banded", "solve_circulant", "solve_toeplitz", "solveh_banded"]


def _columns(b: Any) -> tuple[Any, tuple[int, ...]]:
    """A right side as a matrix, and its shape before."""
    y = asarray(b)
    return (expand_dims(y, -1) if y.ndim == 1 else reshape(y, (y.shape[0], -1))), y.shape


def solve_banded(
    l_and_u: Any,
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_banded`: the x with a x = b for a banded a.

    Arguments:
        l_and_u: the numbers of diagonals below and above the main one.
        ab: the diagonals (l + u + 1, n), with a[i, j] at ab[u + i - j, j].
        b: a vector (n,) or a matrix (n, k).
        overwrite_ab, overwrite_b, check_finite: ignored.
    Returns:
        x, of the shape of `b`.
    Errors:
        ShapeError: shapes that do not fit. LinAlgError: a singular matrix, when it runs.
    """
    columns, shape = _columns(b)
    lower, upper = map(int, l_and_u)
    return reshape(banded_solve(asarray(ab), columns, lower=lower, upper=upper), shape)


def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solveh_banded`: the x with a x = b for a banded a that is Hermitian and positive definite.

    Arguments:
        ab: the diagonals (u + 1, n) on one side: a[i, j] at ab[u + i - j, j], or with `lower` at ab[i - j, j].
        b: a vector (n,) or a matrix (n, k).
        overwrite_ab, overwrite_b, check_finite: ignored.
        lower: on which side they are.
    Returns:
        x, of the shape of `b`.
    Errors:
        ShapeError: shapes that do not fit. LinAlgError: a matrix that is not positive definite, when it runs.
    """
    columns, shape = _columns(b)
    return reshape(hermitian_banded_solve(asarray(ab), columns, lower=bool(lower)), shape)


def column_and_row(c_or_cr: Any) -> tuple[Any, Any]:
    """The first column and row of a Toeplitz matrix, given as a pair, or as the column alone."""
    if isinstance(c_or_cr, tuple):
        c, r = c_or_cr
        return ravel(asarray(c)), ravel(asarray(r))
    c = ravel(asarray(c_or_cr))
    return c, conjugated(c)


def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """`scipy.linalg.solve_toeplitz`: the x with t x = b for a matrix t of constant diagonals, in n^2 steps.

    Arguments:
        c_or_cr: the first column (n,), or a tuple of it and the first row, of which the first element is not read.
        b: a vector (n,) or a matrix (n, k).
        check_finite: ignored.
    Returns:
        x, of the shape of `b`.
    Errors:
        ShapeError: shapes that do not fit. LinAlgError: a leading part is singular, when it runs.
    """
    columns, shape = _columns(b)
    return reshape(toeplitz_solve(*column_and_row(c_or_cr), columns), shape)


def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: int | None = None) -> Any:
    """`scipy.linalg.matmul_toeplitz`: a matrix of constant diagonals times a vector or matrix, by the whole matrix."""
    return matmul(toeplitz(*column_and_row(c_or_cr)), asarray(x))


def solve_circulant(
    c: Any,
    b: Any,
    singular: str = "raise",
    tol: float | None = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Any:
    """`scipy.linalg.solve_circulant`: the x with circulant(c) x = b, by the Fourier transform.

    Arguments:
        c: coefficients (..., n).
        b: right sides (n, ...).
        singular: "raise"; a singular matrix gives infinite or NaN numbers here.
        tol: ignored.
        caxis, baxis, outaxis: the axes of length n of `c`, `b` and the result.
    Returns:
        x.
    Errors:
        ShapeError: lengths that differ.
        GraphTypeError: singular="lstsq".
    """
    if singular != "raise":
        refuse("solve_circulant", f"singular={singular!r}", "write linalg.pinv(linalg.circulant(c)) @ b")
    coefficients, right = moveaxis(asarray(c), caxis, -1), moveaxis(asarray(b), baxis, -1)
    if coefficients.shape[-1] != right.shape[-1]:
        raise ShapeError(
            f"solve_circulant: the shapes {coefficients.shape} and {right.shape} do not fit",
            user_line(),
            "give as many coefficients as right sides have rows",
        )
    x = ifft(fft(right) / fft(coefficients))
    dtype = inexact(*(array_type((), part.dtype) for part in (coefficients, right)))
    return moveaxis(x if np.dtype(dtype).kind == "c" else real(x), -1, outaxis)
