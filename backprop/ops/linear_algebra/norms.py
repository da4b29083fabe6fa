"""Norms of matrices and vectors, those of singular values included; condition numbers and ranks.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.arguments import many_axes
from ..arrays.as_array import asarray
from ..arrays.axes import expand_dims, moveaxis
from ..arrays.views import reshape
from ..core.op import Op
from ..core.types import NumericType, ValueType, value_type
from ..reductions.norms import norm as simple_norm
from ..reductions.reductions import sum as total
from .equations import inv, matrices
from .spectral.singular import svdvals

__all__ = ["cond", "matrix_norm", "matrix_rank", "norm", "vector_norm"]

# Norms and what follows from singular values.


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`numpy.linalg.norm`.

    Arguments:
        x: array.
        ord: of vectors None, a number, inf or -inf; of matrices None, "fro", "nuc", 1, -1, 2, -2, inf or -inf.
        axis: an int for vectors, a pair for matrices, None for the whole of `x`.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the norms; the derivative of a vector's norm is 0 where the norm is.
    Errors:
        ShapeError: an `ord` that is no norm.
    """
    operand = asarray(x)
    count = len(operand.shape) if axis is None else 1 if isinstance(axis, int) else len(axis)
    if count != 2 or ord not in (2, -2, "nuc"):
        return simple_norm(operand, ord, axis, keepdims)
    axes = many_axes("norm", (0, 1) if axis is None else axis, len(operand.shape))
    s = svdvals(moveaxis(operand, axes, (-2, -1)))
    none = not s.shape[-1] and ord == 2
    value = total(s, -1) if ord == "nuc" or none else s[..., 0 if ord == 2 else -1]
    return expand_dims(value, axes) if keepdims else value


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`numpy.linalg.vector_norm`: the norms of vectors, whose elements may lie along several axes."""
    array = asarray(x)
    if axis is None or not isinstance(axis, int):
        axes = many_axes("vector_norm", range(len(array.shape)) if axis is None else axis, len(array.shape))
        moved = moveaxis(array, axes, tuple(range(len(axes))))
        value = simple_norm(reshape(moved, (-1, *moved.shape[len(axes) :])), ord, 0)
        return expand_dims(value, axes) if keepdims else value
    return simple_norm(array, ord, axis, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`numpy.linalg.matrix_norm`: the norms of matrices (..., m, n)."""
    return norm(x, ord, (-2, -1), keepdims)


def cond(x: Any, p: Any = None) -> Any:
    """`numpy.linalg.cond`: the condition number of matrices (..., m, n) for a norm, by default the largest stretch.

    Arguments:
        x: matrices; square ones where `p` is given, and not 2 or -2.
        p: None, or the `ord` of a norm of matrices.
    Returns:
        the norms times those of the inverses.
    """
    if p not in (None, 2, -2):
        return matrix_norm(x, ord=p) * matrix_norm(inv(asarray(x)), ord=p)
    s = svdvals(x)
    return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


def _rank_type(x: ValueType[Any], *, tol: float | None, rtol: float | None) -> NumericType[Any]:
    return value_type(matrices("matrix_rank", x, False).shape[:-2], np.dtype(np.int64))


rank_of: Op = Op(
    "rank_of",
    _rank_type,
    lambda x, *, tol, rtol: np.int64(np.linalg.matrix_rank(x, tol, rtol=rtol)),
    home=__name__,
)


def matrix_rank(A: Any, tol: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """`numpy.linalg.matrix_rank`: how many singular values of matrices (..., m, n) are not negligible."""
    return rank_of(asarray(A), tol=tol, rtol=rtol)
