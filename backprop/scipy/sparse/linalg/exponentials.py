"""The exponential of a sparse matrix times vectors, and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....api.control_flow.control_flow import scan
from ....ops.arrays import asarray, stack
from ....ops.elementwise import absolute, ceil
from ....ops.linear_algebra import expm as _expm
from ....ops.linear_algebra import norm as _norm
from ....ops.reductions import max
from ....ops.sparse.matrix import Sparse, is_sparse
from .solvers import taken

__all__ = ["expm", "expm_multiply", "norm"]

SMALL, SMALL_TERMS = 1.44, 20
LARGE, LARGE_TERMS = 9.87, 55
"""Norms up to which so many terms of the series are exact to rounding; source: Al-Mohy and Higham, table 3.1."""


def expm(A: Any) -> Any:
    """`scipy.sparse.linalg.expm`, as an array: the exponential of a matrix (n, n)."""
    return _expm(A.toarray() if is_sparse(A) else asarray(A))


def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """`scipy.sparse.linalg.norm`: the norm of a sparse matrix; arguments as of numpy.linalg.norm."""
    matrix = taken("norm", x)
    return _norm(matrix.data) if ord in (None, "fro") and axis is None else _norm(matrix.toarray(), ord, axis)


def expm_multiply(
    A: Any,
    B: Any,
    start: float | None = None,
    stop: float | None = None,
    num: int | None = None,
    endpoint: bool | None = None,
    traceA: Any = None,
) -> Any:
    """`scipy.sparse.linalg.expm_multiply`: the exponential of a matrix times vectors, without making it.

    How many steps the series takes is a question about the norm of the matrix.

    Arguments:
        A: a matrix (n, n), sparse or an array, traced or plain.
        B: a vector (n,) or an array (n, k).
        start, stop, num, endpoint: times t = linspace(start, stop, num, endpoint=endpoint), plain numbers.
        traceA: ignored.
    Returns:
        exp(A) B; with times exp(t A) B for each, stacked along a new first axis.
    """
    matrix, y = taken("expm_multiply", A), asarray(B)
    if start is None and stop is None and num is None and endpoint is None:
        return _times(matrix, y, 1.0)
    times = np.linspace(
        0.0 if start is None else start, 1.0 if stop is None else stop, num or 50, endpoint=endpoint is not False
    )
    found, t = [], 0.0
    for time in times:
        y, t = _times(matrix, y, float(time) - t) if time != t else y, float(time)
        found.append(y)
    return stack(found)


def _times(matrix: Sparse, y: Any, t: float) -> Any:
    """exp(t A) y by the series, in as many steps as its norm wants."""
    largest = abs(t) * max(Sparse(absolute(matrix.data), matrix.pattern).sum(axis=0)) if matrix.nnz else 0.0
    small = bool(largest <= SMALL)
    terms = SMALL_TERMS if small else LARGE_TERMS
    steps = 1 if small else int(ceil(largest / LARGE))
    return scan(lambda carry, _: (_series(matrix, carry, t / steps, terms), None), y, length=steps)[0]


def _series(matrix: Sparse, y: Any, t: float, terms: int) -> Any:
    total = y
    for k in range(1, terms + 1):
        y = (matrix @ y) * (t / k)
        total = total + y
    return total
