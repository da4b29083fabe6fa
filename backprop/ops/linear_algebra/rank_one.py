"""A rank-one product added to a matrix, in one call of BLAS, where a product, a scaling and a sum would take three.

Every SciPy has the routine, so that the op has one meaning: what `scipy.linalg.blas` computes, as a product of matrices
is what NumPy's BLAS computes. Complex matrices take NumPy's way on every machine. To BLAS a row-major matrix is its
transpose, so `c + a * x @ y` is computed as `c.T + a * y.T @ x.T`.

Source: ger, C. L. Lawson et al., Basic linear algebra subprograms for Fortran usage, TOMS 5(3), 1979.
Limits: SciPy holds the GIL for the call; a call through ctypes would not, but took as long on two threads, and longer
on one. For products of higher rank gemm with beta = 1 was no quicker than the product and a sum.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ..core.batching import Batched, BatchRule, aligned
from ..core.costs import size
from ..core.op import Kind, Op
from ..core.types import ArrayType, ValueType
from .products import matmul

Array = np.ndarray[Any, Any]

LARGEST = 2**31 - 1
"""The longest axis that BLAS's ints can tell."""


def _rank_one_type(c: ValueType[Any], x: ValueType[Any], y: ValueType[Any], *, by: float) -> ValueType[Any]:
    fits = c == matmul.infer(x, y) and isinstance(c, ArrayType) and c.ndim == 2 and max(c.shape) <= LARGEST
    if not fits or not isinstance(x, ArrayType) or x.shape[1:] != (1,):
        raise ShapeError(
            f"rank_one_added: {c} + {x} @ {y} is no sum of a matrix and a rank-one product, or too long for BLAS",
            fix="take a matrix, a column and a row of one dtype, with axes of less than 2**31 elements",
        )
    return c


@cache
def _ger(dtype: np.dtype[Any]) -> Any:
    """BLAS's routine for a dtype; None for one that takes NumPy's way."""
    return scipy.linalg.blas.get_blas_funcs("ger", dtype=dtype) if dtype in (np.float64, np.float32) else None


def _rank_one(c: Array, x: Array, y: Array, out: Array | None = None, *, by: float) -> Array:
    result = np.empty(c.shape, c.dtype) if out is None else out
    np.copyto(result, c)
    ger = _ger(c.dtype)
    if ger is None:
        result += by * (x * y)
    elif c.size:
        ger(by, y[0], x[:, 0], a=result.T, overwrite_a=1)
    return result


def _rank_one_vjp(g: Any, out: Any, c: Any, x: Any, y: Any, *, by: float) -> tuple[Any, Any, Any]:
    return g, by * matmul(g, y.T), by * matmul(x.T, g)


# c + by * x @ y for a column x and a row y.
def _rank_one_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    c, x, y = aligned(batched, operands)
    return c + params["by"] * (x * y)


rank_one_added: Op = Op(
    "rank_one_added",
    _rank_one_type,
    _rank_one,
    _rank_one_vjp,
    Kind.INTO,
    flops=lambda c, x, y, out, *, by: 2.0 * size(out),
    home=__name__,
    batch=BatchRule(_rank_one_batch),
)
