"""Equations with banded matrices, which are stored by their diagonals, as LAPACK and SciPy do.

Element (i, j) of a matrix with `upper` diagonals above the main one stands at [upper + i - j, j]. The rules are those
of equations with whole matrices, of whose cotangents the band alone is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ....errors import ShapeError
from ...core.op import Op
from ...core.types import NumericType, ValueType, array_type, numeric
from ...elementwise.selection import where
from ...reductions.reductions import sum as total
from ..decompositions import real_part
from ..equations import inexact
from ..products import conjugated


def _banded_type(op: str, ab: ValueType[Any], b: ValueType[Any], rows: int | None = None) -> NumericType[Any]:
    s, t = numeric(op, ab, b)
    fits = s.ndim == 2 and t.ndim == 2 and s.shape[1] == t.shape[0] and rows in (None, s.shape[0])
    if not fits:
        raise ShapeError(
            f"{op}: diagonals of the shape {s.shape} and a right side {t.shape} do not fit",
            fix="give a row for each diagonal, of as many columns as the right side has rows",
        )
    return array_type(t.shape, inexact(s, t))


def places(rows: int, columns: int, above: int) -> tuple[Any, Any]:
    """The row of the matrix that each element of a band stands in, and whether there is one.

    Arguments:
        rows, columns: the shape of the band.
        above: the number of diagonals above the main one.
    """
    i = np.arange(columns) + np.arange(rows)[:, None] - above
    return np.clip(i, 0, max(columns - 1, 0)), (i >= 0) & (i < columns)


def transposed_band(ab: Any, *, lower: int, upper: int) -> Any:
    """The diagonals of the transposed matrix, which has `upper` ones below the main one and `lower` above."""
    i, inside = places(lower + upper + 1, ab.shape[1], lower)
    return where(inside, ab[np.arange(lower + upper + 1)[::-1, None], i], 0)


def _of_band(g: Any, x: Any, rows: int, above: int) -> Any:
    """The band of the matrix -g x^T."""
    i, inside = places(rows, x.shape[0], above)
    return where(inside, -total(g[i] * x, axis=-1), 0)


# General bands.


def _solve(ab: Any, b: Any, *, lower: int, upper: int) -> Any:
    dtype = inexact(array_type(ab.shape, ab.dtype), array_type(b.shape, b.dtype))
    return np.array(scipy.linalg.solve_banded((lower, upper), ab, b, check_finite=False), dtype, order="C")


def _solve_vjp(g: Any, out: Any, ab: Any, b: Any, *, lower: int, upper: int) -> tuple[Any, Any]:
    gb = banded_solve(transposed_band(ab, lower=lower, upper=upper), g, lower=upper, upper=lower)
    return _of_band(gb, out, lower + upper + 1, upper), gb


def _general_type(ab: ValueType[Any], b: ValueType[Any], *, lower: int, upper: int) -> NumericType[Any]:
    return _banded_type("solve_banded", ab, b, lower + upper + 1)


banded_solve: Op = Op(
    "banded_solve",
    _general_type,
    _solve,
    _solve_vjp,
    flops=lambda ab, b, out, *, lower, upper: 4.0 * ab.size * (lower + 1) + 2.0 * b.size * (2 * lower + upper + 1),
    home=__name__,
)

# Bands of Hermitian, positive definite matrices, of which the diagonals on one side are stored.


def _hermitian_solve(ab: Any, b: Any, *, lower: bool) -> Any:
    dtype = inexact(array_type(ab.shape, ab.dtype), array_type(b.shape, b.dtype))
    return np.array(scipy.linalg.solveh_banded(ab, b, lower=lower, check_finite=False), dtype, order="C")


def _hermitian_vjp(g: Any, out: Any, ab: Any, b: Any, *, lower: bool) -> tuple[Any, Any]:
    rows = ab.shape[0]
    gb = conjugated(hermitian_banded_solve(ab, conjugated(g), lower=lower))
    above = 0 if lower else rows - 1
    one, other = _of_band(gb, out, rows, above), _of_band(conjugated(out), conjugated(gb), rows, above)
    main = np.arange(rows)[:, None] == above
    return where(main, real_part(one), one + other), gb


hermitian_banded_solve: Op = Op(
    "hermitian_banded_solve",
    lambda ab, b, *, lower: _banded_type("solveh_banded", ab, b),
    _hermitian_solve,
    _hermitian_vjp,
    flops=lambda ab, b, out, *, lower: 1.0 * ab.size * ab.shape[0] + 4.0 * b.size * ab.shape[0],
    home=__name__,
)

# Toeplitz matrices, by their first column and row.


def _toeplitz_type(c: ValueType[Any], r: ValueType[Any], b: ValueType[Any]) -> NumericType[Any]:
    s, t, u = numeric("solve_toeplitz", c, r, b)
    if not (s.ndim == t.ndim == 1 and u.ndim == 2 and s.shape == t.shape == u.shape[:1]):
        raise ShapeError(
            f"solve_toeplitz: a column {s.shape}, a row {t.shape} and a right side {u.shape} do not fit",
            fix="give vectors of the same length n, and n rows of the right side",
        )
    return array_type(u.shape, inexact(s, t, u))


def _toeplitz(c: Any, r: Any, b: Any) -> Any:
    dtype = inexact(*(array_type(x.shape, x.dtype) for x in (c, r, b)))
    if not b.size:
        return np.zeros(b.shape, dtype)
    return np.array(scipy.linalg.solve_toeplitz((c, r), b, check_finite=False), dtype, order="C")


def _toeplitz_vjp(g: Any, out: Any, c: Any, r: Any, b: Any) -> tuple[Any, Any, Any]:
    n = c.shape[0]
    gb = toeplitz_solve(where(np.arange(n) == 0, c, r), c, g)
    ahead = np.arange(n)[:, None] + np.arange(n)
    at, inside = np.minimum(ahead, max(n - 1, 0)), (ahead < n)[..., None]
    of_column = -total(where(inside, gb[at], 0) * out, axis=(1, 2))
    of_row = -total(where(inside, out[at], 0) * gb, axis=(1, 2))
    return of_column, where(np.arange(n) == 0, 0, of_row), gb


# By Levinson's recursion, in n^2 steps.
toeplitz_solve: Op = Op(
    "toeplitz_solve",
    _toeplitz_type,
    _toeplitz,
    _toeplitz_vjp,
    flops=lambda c, r, b, out: 6.0 * c.size * b.size,
    home=__name__,
)
