"""The two primitives of sparse matrices, which are each other's derivatives.

    sparse_matmul(data, indices, indptr, x)     A @ x, or A.T @ x, A in CSR form
    sampled_matmul(a, b, indices, indptr)       (a @ b.T)[r, c] for each element (r, c) of the pattern

The indices are operands, so that the graph of a function does not depend on the pattern.

Source: the derivatives of a product, element by element; "sampled dense-dense matrix multiplication" in the literature.
Limits: sampled_matmul holds two arrays of nnz rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ...errors import ShapeError
from ..arrays.axes import moveaxis
from ..arrays.views import reshape
from ..core.batching import Batched, BatchRule
from ..core.dependence import Dependence, Reading, grouped, together
from ..core.op import Op
from ..core.types import NumericType, Shape, ValueType, numeric, value_type

# The two primitives.


def _matmul_type(
    data: ValueType[Any],
    indices: ValueType[Any],
    indptr: ValueType[Any],
    x: ValueType[Any],
    *,
    shape: Shape,
    flip: bool,
) -> NumericType[Any]:
    values, places, operand = numeric("sparse_matmul", data, indices, x)
    if values.shape != places.shape:
        raise ShapeError(
            f"a sparse matrix of {places.size} elements got data of shape {values.shape}",
            fix="hand in as many numbers as the pattern has places",
        )
    rows, columns = shape[::-1] if flip else shape
    if operand.ndim not in (1, 2) or operand.shape[0] != columns:
        raise ShapeError(
            f"matmul: a sparse matrix of shape {(rows, columns)} does not fit an array of {operand.shape}",
            fix="the array needs as many rows as the sparse matrix has columns",
        )
    return value_type((rows, *operand.shape[1:]), np.result_type(values.dtype, operand.dtype))


def check_pattern(indices: Any, indptr: Any, shape: Shape) -> None:
    """Raise where index arrays are no pattern of a CSR matrix: SciPy would read and write beyond the ends of arrays."""
    whole = indptr.shape == (shape[0] + 1,) and indptr[0] == 0 and indptr[-1] == indices.size
    if not whole or np.any(indptr[1:] < indptr[:-1]):
        raise ShapeError(
            f"indptr is none of a sparse matrix of shape {shape} with {indices.size} elements",
            fix="it has one number more than there are rows, starts at 0, never falls, and ends at their number",
        )
    if indices.size and not 0 <= indices.min() <= indices.max() < shape[1]:
        raise ShapeError(
            f"the indices of a sparse matrix of shape {shape} do not all name a column",
            fix="they are integers from 0 to the number of columns less 1",
        )


def _matmul(data: Any, indices: Any, indptr: Any, x: Any, *, shape: Shape, flip: bool) -> Any:
    check_pattern(indices, indptr, shape)
    matrix = scipy.sparse.csr_array((data, indices, indptr), shape=shape)
    return (matrix.T if flip else matrix) @ x


def _matmul_vjp(
    g: Any, out: Any, data: Any, indices: Any, indptr: Any, x: Any, *, shape: Shape, flip: bool
) -> tuple[Any, ...]:
    a, b = (x, g) if flip else (g, x)
    by_data = sampled_matmul(a, b, indices, indptr, shape=shape)
    return by_data, None, None, sparse_matmul(data, indices, indptr, g, shape=shape, flip=not flip)


def _matmul_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    """The batch becomes further columns of one product."""
    *matrix, x = operands
    if any(batched[:-1]):
        return NotImplemented
    found = op(*matrix, reshape(moveaxis(x, 0, -1), (x.shape[1], -1)), **params)
    return moveaxis(reshape(found, (found.shape[0], *x.shape[2:], x.shape[0])), -1, 0)


def _matmul_depends(reading: Reading) -> Dependence | None:
    """A row depends on those rows of the array, and those elements of the matrix, that the pattern has in it."""
    data, _, _, x = reading.operands
    _, indices, indptr, _ = reading.values
    if indices is None or indptr is None:
        return None
    pattern = scipy.sparse.csr_array((np.ones(indices.size, bool), indices, indptr), shape=reading.params["shape"])
    rows, columns = pattern.nonzero() if not reading.params["flip"] else pattern.nonzero()[::-1]
    count = reading.shape[0]
    lines = x if x.labels.ndim == 1 else x.over((1,)).reshaped(x.labels.shape[:1])
    taken = Dependence(lines.labels[columns], lines.sets)
    both = together([grouped(rows, taken, count), grouped(rows, data, count)], (count,))
    return both.reshaped((count, *(1,) * (len(reading.shape) - 1))).spread(reading.shape)


sparse_matmul: Op = Op(
    "sparse_matmul",
    _matmul_type,
    _matmul,
    _matmul_vjp,
    flops=lambda data, indices, indptr, x, out, *, shape, flip: 2.0 * data.size * (x.shape[1] if x.ndim > 1 else 1),
    home=__name__,
    batch=BatchRule(_matmul_batch),
    depends=_matmul_depends,
)


def _sampled_type(
    a: ValueType[Any], b: ValueType[Any], indices: ValueType[Any], indptr: ValueType[Any], *, shape: Shape
) -> NumericType[Any]:
    left, right, places = numeric("sampled_matmul", a, b, indices)
    return value_type(places.shape, np.result_type(left.dtype, right.dtype))


def _sampled(a: Any, b: Any, indices: Any, indptr: Any, *, shape: Shape) -> Any:
    check_pattern(indices, indptr, shape)
    rows = np.repeat(np.arange(shape[0]), np.diff(indptr))
    left, right = a[rows], b[indices]
    return left * right if left.ndim == 1 else np.einsum("ij,ij->i", left, right)


def _sampled_vjp(g: Any, out: Any, a: Any, b: Any, indices: Any, indptr: Any, *, shape: Shape) -> tuple[Any, ...]:
    by_a = sparse_matmul(g, indices, indptr, b, shape=shape, flip=False)
    by_b = sparse_matmul(g, indices, indptr, a, shape=shape, flip=True)
    return by_a, by_b, None, None


sampled_matmul: Op = Op(
    "sampled_matmul",
    _sampled_type,
    _sampled,
    _sampled_vjp,
    flops=lambda a, b, indices, indptr, out, *, shape: 2.0 * indices.size * (a.shape[1] if a.ndim > 1 else 1),
    home=__name__,
)
