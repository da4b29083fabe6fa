"""Pseudo-inverses and least squares.

Limits: the rank has to be constant where it is differentiated. Where it is not full, it may be so or not, and a warning
says what is assumed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, matrix_transpose
from ..arrays.views import reshape, sum_to
from ..core.batching import STACKS
from ..core.costs import PerMatrix
from ..core.op import Op
from ..core.types import NumericType, ValueType, array_type
from ..elementwise.masking import cornered
from ..elementwise.selection import where
from ..reductions.reductions import sum as total
from .decompositions import real_of, real_part
from .equations import inexact, matrices
from .products import adjoint, conjugated, matmul, row_dot
from .spectral.singular import svdvals
from .undetermined import line_of, noted_where

__all__ = ["lstsq", "pinv"]

# Pseudo-inverse and least squares.


def _pinv_type(x: ValueType[Any], *, rcond: float) -> NumericType[Any]:
    t = matrices("pinv", x, False)
    return array_type((*t.shape[:-2], t.shape[-1], t.shape[-2]), inexact(t))


def _pinv_vjp(g: Any, out: Any, x: Any, *, rcond: float) -> Any:
    p, turned, of_p = out, matrix_transpose(out), matrix_transpose(g)
    outside = matmul(_rest(x, p, of_p), matmul(p, adjoint(p)))
    inside = matmul(adjoint(p), matmul(p, of_p))
    inside = inside - matmul(matmul(inside, p), x)
    answer = conjugated(outside + inside) - matmul(matmul(turned, g), turned)
    # The trace of p x is the rank.
    rank = total(real_part(p * matrix_transpose(x)), (-2, -1))
    what = "pinv: the rank is not full; the derivative holds for changes that keep it, and there is none for others"
    lost = rank < min(x.shape[-2:]) - 0.5
    noted = noted_where(answer, lost, what=what, line=line_of(g))
    every = total(x, (-2, -1), keepdims=True)  # a second derivative would depend on each element
    return cornered(noted, every, where(expand_dims(lost, (-2, -1)), every, math.nan))


def _rest(x: Any, p: Any, y: Any) -> Any:
    return y - matmul(x, matmul(p, y))


# Source of the rule: Golub and Pereyra, SIAM J. Numer. Anal. 10(2), 1973, equation 4.12, for a constant rank.
pseudo_inverse: Op = Op(
    "pseudo_inverse",
    _pinv_type,
    lambda x, *, rcond: np.linalg.pinv(x, rcond),
    _pinv_vjp,
    flops=PerMatrix(40),
    home=__name__,
    batch=STACKS,
)


def pinv(a: Any, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """`numpy.linalg.pinv`.

    Arguments:
        a: matrices (..., m, n).
        rcond, rtol: which singular values count as zero, relative to the largest; by default those below 1e-15.
        hermitian: ignored: it only makes NumPy faster.
    Returns:
        the pseudo-inverses (..., n, m).
    Errors:
        ShapeError: no matrix.
    """
    limit = next((float(limit) for limit in (rcond, rtol) if limit is not None), 1e-15)
    return pseudo_inverse(asarray(a), rcond=limit)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """`numpy.linalg.lstsq`, by the pseudo-inverse.

    Arguments:
        a: a matrix (m, n).
        b: a vector (m,) or a matrix (m, k).
        rcond: which singular values count as zero, relative to the largest; by default those below eps max(m, n).
    Returns:
        the x (n,) or (n, k) that minimises |b - a x|, the squares of these lengths (k,) where m > n, taking the rank
        to be n, the rank, and the singular values of `a`.
    Errors:
        ShapeError: shapes that do not fit.
    """
    x, y = asarray(a), asarray(b)
    matrices("lstsq", array_type(x.shape, x.dtype), False)
    m, n = x.shape
    limit = max(m, n) * float(np.finfo(inexact(array_type((), x.dtype))).eps) if rcond is None else rcond
    solution, s = matmul(pinv(x, limit), y), svdvals(x)
    columns = reshape(y - matmul(x, solution), (m, -1))
    errors = (
        row_dot(conjugated(columns.T), columns.T) if m > n else np.zeros(0, real_of(inexact(array_type((), x.dtype))))
    )
    above = s > limit * s[0]
    return solution, real_part(errors), sum_to(asarray(above, np.int64), shape=()), s
