"""Matrices of a pattern, made of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays import asarray, concatenate, expand_dims, ravel, reshape, zeros_like
from ...ops.arrays.diagonals import put_diagonal
from ...ops.elementwise import absolute, where
from ...ops.linear_algebra import block_diag, toeplitz

__all__ = [
    "block_diag",
    "circulant",
    "companion",
    "convolution_matrix",
    "diagsvd",
    "fiedler",
    "hankel",
    "khatri_rao",
    "leslie",
    "toeplitz",
]


def circulant(c: Any) -> Any:
    """`scipy.linalg.circulant`: the matrices (..., n, n) with first column `c` (..., n), each the last one shifted."""
    x = asarray(c)
    n = np.arange(x.shape[-1])
    return x[..., (n[:, None] - n) % max(len(n), 1)]


def hankel(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.hankel`: the matrix of constant antidiagonals with first column `c` and last row `r` (or 0)."""
    column = ravel(asarray(c))
    row = zeros_like(column) if r is None else ravel(asarray(r))
    values = concatenate([column, row[1:]])
    return values[np.arange(column.shape[0])[:, None] + np.arange(row.shape[0])]


def companion(a: Any) -> Any:
    """`scipy.linalg.companion`: the matrix (n - 1, n - 1) whose eigenvalues are the roots of a polynomial (n,)."""
    x = asarray(a)
    n = x.shape[-1]
    if x.ndim != 1 or n < 2:
        raise ShapeError(f"companion takes a vector of 2 or more, not {x.shape}", user_line(), "give coefficients")
    return concatenate([expand_dims(-x[1:] / x[0], 0), np.eye(n - 2, n - 1, dtype=x.dtype)], 0)


def leslie(f: Any, s: Any) -> Any:
    """`scipy.linalg.leslie`: the matrix (n, n) of first row `f` (n,) and `s` (n - 1,) below the diagonal."""
    top, below = asarray(f), asarray(s)
    n = top.shape[0]
    rows = put_diagonal(below, rows=n - 1, columns=n, offset=0)
    return concatenate([expand_dims(top, 0), rows], 0)


def fiedler(a: Any) -> Any:
    """`scipy.linalg.fiedler`: the matrices (..., n, n) of |a[i] - a[j]|, with the corner of absolute values."""
    x = asarray(a)
    n = x.shape[-1]
    apart = expand_dims(x, -1) - expand_dims(x, -2)
    return where(np.eye(n, dtype=bool), 0, absolute(where(np.eye(n, dtype=bool), 1, apart)))


def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """`scipy.linalg.convolution_matrix`: the matrix that convolves a vector (n,) with `a` (m,), as numpy.convolve."""
    x = asarray(a)
    m = x.shape[0]
    edge = np.zeros(n - 1, x.dtype)
    column, row = concatenate([x, edge]), concatenate([x[:1], edge])
    whole = toeplitz(column, row)
    start = {"full": 0, "same": (min(m, n) - 1) // 2, "valid": min(m, n) - 1}[mode]
    stop = {"full": n + m - 1, "same": start + max(m, n), "valid": start + max(m, n) - min(m, n) + 1}[mode]
    return whole[start:stop]


def khatri_rao(a: Any, b: Any) -> Any:
    """`scipy.linalg.khatri_rao`: the Kronecker products of the columns of (..., n, k) and (..., m, k)."""
    x, y = asarray(a), asarray(b)
    if x.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"khatri_rao: the columns of {x.shape} and {y.shape} differ", user_line(), "give as many")
    product = expand_dims(x, -2) * expand_dims(y, -3)
    return reshape(product, (*product.shape[:-3], product.shape[-3] * product.shape[-2], product.shape[-1]))


def diagsvd(s: Any, M: int, N: int) -> Any:
    """`scipy.linalg.diagsvd`: the matrix (M, N) with singular values on its diagonal."""
    return put_diagonal(asarray(s), rows=M, columns=N, offset=0)
