"""Equations with sparse matrices: by factors, or by one of SciPy's Krylov methods.

    sparse_solve(data, indices, indptr, b)     (x, info): A x = b, or A^T x = b, A in CSR form

The rule is that of any linear equation, by the same method; of the cotangent of the matrix its pattern alone is made.
Where a Krylov method has not converged, `info` says so, and the derivative is as inexact as the solution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ...errors import GraphTypeError, ShapeError
from ..arrays.tuples import item
from ..core.op import Op
from ..core.types import Shape, TupleType, ValueType, array_type, numeric, scalar_type
from ..linear_algebra.equations import inexact
from .products import check_pattern, sampled_matmul

DIRECT = "direct"
METHODS = ("bicg", "bicgstab", "cg", "cgs", "gmres", "minres", "qmr", "tfqmr")
"""Krylov's methods; a graph that comes from elsewhere may name no other function."""
OPTIONS = frozenset(("rtol", "atol", "maxiter", "restart"))


def _type(
    data: ValueType[Any],
    indices: ValueType[Any],
    indptr: ValueType[Any],
    b: ValueType[Any],
    *,
    shape: Shape,
    flip: bool,
    method: str,
    options: tuple[tuple[str, Any], ...],
) -> TupleType:
    values, _, right = numeric("spsolve", data, indices, b)
    if shape[0] != shape[1] or right.ndim not in (1, 2) or right.shape[0] != shape[0]:
        raise ShapeError(
            f"{method}: a matrix {shape} and a right side {right.shape} do not fit",
            fix="give a square matrix, and as many rows on the right side",
        )
    if method != DIRECT and (method not in METHODS or not {name for name, _ in options} <= OPTIONS):
        raise GraphTypeError(f"no method is called {method!r}", fix=f"take one of {', '.join(METHODS)}")
    return TupleType((array_type(right.shape, inexact(values, right)), scalar_type(np.dtype(np.int64))))


def _solve(
    data: Any,
    indices: Any,
    indptr: Any,
    b: Any,
    *,
    shape: Shape,
    flip: bool,
    method: str,
    options: tuple[tuple[str, Any], ...],
) -> tuple[Any, Any]:
    check_pattern(indices, indptr, shape)
    dtype = inexact(array_type(data.shape, data.dtype), array_type(b.shape, b.dtype))
    matrix = scipy.sparse.csr_array((data.astype(dtype, copy=False), indices, indptr), shape=shape)
    matrix = matrix.T if flip else matrix
    if method == DIRECT:
        x, info = scipy.sparse.linalg.splu(matrix.tocsc()).solve(b.astype(dtype, copy=False)), 0
    else:
        x, info = getattr(scipy.sparse.linalg, method)(matrix, b, **dict(options))
    return np.array(x, dtype, order="C").reshape(b.shape), np.int64(info)


def _solve_vjp(
    g: Any, out: Any, data: Any, indices: Any, indptr: Any, b: Any, *, shape: Shape, flip: bool, **params: Any
) -> tuple[Any, ...]:
    x = item(out, index=0)
    gb = item(sparse_solve(data, indices, indptr, item(g, index=0), shape=shape, flip=not flip, **params), index=0)
    left, right = (x, gb) if flip else (gb, x)
    return -sampled_matmul(left, right, indices, indptr, shape=shape), None, None, gb


sparse_solve: Op = Op(
    "sparse_solve",
    _type,
    _solve,
    _solve_vjp,
    flops=lambda data, indices, indptr, b, out, *, shape, **params: 100.0 * data.size + 20.0 * b.size,
    home=__name__,
)
