"""Covariances and correlations of several variables.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.as_array import asarray
from ..arrays.axes import atleast_2d, expand_dims
from ..arrays.diagonals import take_diagonal
from ..arrays.joins import concatenate
from ..arrays.views import reshape
from ..elementwise.powers import sqrt
from ..linear_algebra.products import adjoint, matmul
from ..reductions.reductions import mean, sum

__all__ = ["corrcoef", "cov"]

# Statistics of several variables, and running sums.


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """`numpy.cov`: the covariance matrix of variables, one a row, or one a column with `rowvar` False.

    Arguments:
        m: vector (n,), or matrix of n observations.
        y: further variables like `m`.
        rowvar: whether rows are variables.
        bias: whether to divide by n, not by n - 1.
        ddof: divides by n - ddof; None goes by `bias`.
        fweights: how often each observation counts (n,).
        aweights: the weights of the observations (n,).
        dtype: dtype of the result; None promotes.
    Returns:
        the matrix; a number for one variable.
    """
    given = [asarray(x) for x in (m, y) if x is not None]
    if any(len(x.shape) > 2 for x in given):
        raise ShapeError("cov takes vectors and matrices", fix="reshape to a matrix, a variable in each row")
    kind = np.result_type(np.float64, *(x.dtype for x in given)) if dtype is None else np.dtype(dtype)
    rows = [_variables(asarray(x, kind), rowvar) for x in given]
    if not rows[0].shape[0]:
        return np.zeros((0, 0))  # of no variables, and of this dtype, as NumPy says
    x = concatenate(rows) if len(rows) > 1 else rows[0]
    lost = ddof if ddof is not None else 0 if bias else 1
    if fweights is None and aweights is None and x.shape[1] <= lost:
        lost = x.shape[1]
    if fweights is None and aweights is None:
        centred = x - mean(x, 1, keepdims=True)
        matrix = matmul(centred, adjoint(centred)) / x.dtype.type(x.shape[1] - lost)
    else:
        weights = [None if w is None else asarray(w) for w in (fweights, aweights)]
        if any(w is not None and w.shape != x.shape[1:] for w in weights):
            raise ShapeError(f"cov: weights for {x.shape[1]} observations have another shape", fix="give one for each")
        matrix = _weighted_cov(x, lost, weights[0], 1.0 if weights[1] is None else weights[1])
    return reshape(matrix, ()) if matrix.shape == (1, 1) else matrix


def _weighted_cov(x: Any, lost: int, fweights: Any, aweights: Any) -> Any:
    w = aweights if fweights is None else asarray(fweights, x.dtype) * aweights
    total = sum(w)
    centred = x - expand_dims(sum(x * w, 1), 1) / total
    return matmul(centred * w, adjoint(centred)) / (total - lost * sum(w * aweights) / total)


def _variables(x: Any, rowvar: bool) -> Any:
    return atleast_2d(x) if rowvar or len(x.shape) < 2 else x.T


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """`numpy.corrcoef`: the correlation matrix of variables, given as for `cov`."""
    matrix = cov(x, y, rowvar, dtype=dtype)
    if not matrix.shape:
        return matrix / matrix
    spread = sqrt(take_diagonal(matrix, offset=0))
    return matrix / expand_dims(spread, 1) / spread
