"""Products of matrices and vectors: matmul and row_dot, to which all contractions are brought by views.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import refuse_out
from ..arrays.arrangement import roll
from ..arrays.as_array import asarray, shape
from ..arrays.axes import expand_dims, matrix_transpose, moveaxis, squeeze
from ..arrays.views import ravel, reshape, transpose
from ..core.batching import ELEMENTWISE, Batched, BatchRule, with_axes
from ..core.dependence import Dependence, Reading, together
from ..core.op import Kind, Op, broadcast
from ..core.rows import RowRule, Split, by_element, split_rows
from ..core.types import NumericType, ValueType, array_type, numeric, value_type
from ..elementwise.arithmetic import add
from ..elementwise.complex_parts import conjugate

__all__ = ["cross", "kron", "matmul", "matvec", "outer", "vdot", "vecdot", "vecmat"]

# matmul: x (..., m, k) @ y (..., k, n); a vector is a row on the left and a column on the right.


def _matmul_type(x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("matmul", x, y)
    if not s.ndim or not t.ndim:
        raise ShapeError(f"matmul: shapes {s.shape} and {t.shape} do not fit: a number", fix="multiply by it with *")
    inner = t.shape[max(0, t.ndim - 2)]
    if s.shape[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {s.shape} and {t.shape} do not fit: {s.shape[-1]} against {inner}",
            fix="the last axis of the left operand has to be as long as the last axis but one of the right operand",
        )
    batch = broadcast("matmul", (array_type(s.shape[:-2], s.dtype), array_type(t.shape[:-2], t.dtype)))
    shape = (*batch, *s.shape[-2:-1], *(t.shape[-1:] if t.ndim > 1 else ()))
    return value_type(shape, np.result_type(s.dtype, t.dtype))


LARGE = 1 << 13
"""Elements of a product of two matrices from which np.dot takes noticeably longer than np.matmul, as it writes zeros
first; on smaller ones, and for a row or a column, its call is the shorter one.
"""


def _matmul(x: Any, y: Any, out: Any = None) -> Any:
    return _matmul_kernel(x, y)(x, y, out=out)


def _matmul_kernel(x: Any, y: Any) -> Any:
    """What multiplies two arrays, or arrays of two types."""
    if x.ndim > 2 or y.ndim > 2:
        return np.matmul
    is_large = x.ndim == y.ndim == 2 and min(x.shape[0], y.shape[1]) > 1 and x.shape[0] * y.shape[1] >= LARGE
    if not is_large or x.dtype != y.dtype or x.dtype.char not in "fdFD":
        return np.dot
    return _of_one_term if x.shape[1] == 1 else np.matmul


def _of_one_term(x: Any, y: Any, out: Any = None) -> Any:
    """The product of a column and a row, which is bound by memory: einsum is the quickest where that is not warm."""
    return np.einsum("ij,jk->ik", x, y, out=out)


def _matmul_vjp(g: Any, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
    rows, columns = len(x.shape) > 1, len(y.shape) > 1
    if not rows and not columns:
        return g * y, g * x
    if not columns:
        return _product(expand_dims(g, -1), expand_dims(y, 0)), matmul(_flat(x, 1).T, ravel(g))
    if not rows:
        return matvec(y, g), _product(expand_dims(x, -1), expand_dims(g, -2))
    left = _product(g, matrix_transpose(y))
    if len(y.shape) == 2:
        return left, _product(_flat(x, 1).T, _flat(g, 1))
    return left, _product(matrix_transpose(x), g)


def _flat(x: Any, kept: int) -> Any:
    return reshape(x, (math.prod(x.shape[:-kept]), *x.shape[-kept:]))


def _product(x: Any, y: Any) -> Any:
    """The matmul of matrices; of stacks of them as a broadcast product where there is only one term to add."""
    stacked = len(x.shape) > 2 or len(y.shape) > 2
    return x * y if stacked and x.shape[-1] == 1 else matmul(x, y)


def matmul_flops(x: NumericType[Any], y: NumericType[Any], out: NumericType[Any]) -> float:
    """Floating-point operations of a matmul: 2 k for each element of the result."""
    return 2.0 * out.size * x.shape[-1]


def _matmul_rows(x: NumericType[Any], y: NumericType[Any], out: NumericType[Any]) -> Split | None:
    if y.ndim > 2:
        return by_element(x, y, out) if x.ndim == y.ndim else None
    if x.ndim == 1:
        return split_rows(out, (x, y), (True, True), add)
    return split_rows(out, (x, y), (True, False))


def _matmul_depends(reading: Reading) -> Dependence:
    """An element depends on its row of the left operand, and on its column of the right one."""
    x, y = reading.operands
    x = x.reshaped((1, *x.labels.shape)) if x.labels.ndim == 1 else x
    y = y.reshaped((*y.labels.shape, 1)) if y.labels.ndim == 1 else y
    rows, columns = x.over((x.labels.ndim - 1,)), y.over((y.labels.ndim - 2,))
    shape = np.broadcast_shapes(rows.labels.shape, columns.labels.shape)
    return together((rows, columns), shape).reshaped(reading.shape)


def _matmul_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    """A product of matrices by one whole batch where that is enough, else of stacks of matrices."""
    x, y = operands
    left, right = (len(v.shape) - is_batched for v, is_batched in zip(operands, batched, strict=True))
    if all(batched):
        return row_dot(x, y) if left == right == 1 else _stacked(x, y, left, right)
    if batched[0]:
        if right > 2:
            return _stacked(x, y, left, right)
        return op(x, y) if left == 1 else reshape(op(_flat(x, 1), y), (*x.shape[:-1], *y.shape[1:]))
    if right == 1 and left < 3:
        return op(y, transpose(x))
    return op(x, y) if left <= right and right > 1 else _stacked(x, y, left, right)


def _stacked(x: Any, y: Any, left: int, right: int) -> Any:
    """The products of two stacks of matrices or vectors, the first axis of each a batch unless it lacks one.

    Arguments:
        x, y: the operands.
        left, right: their axes without the batch.
    """
    count = max(left, right, 2)
    rows = _as_matrices(x, left, count, -2)
    columns = _as_matrices(y, right, count, -1)
    product = matmul(rows, columns)
    single = [axis for axis, rank in ((-2, left), (-1, right)) if rank == 1]
    return squeeze(product, tuple(single)) if single else product


def _as_matrices(x: Any, rank: int, count: int, axis: int) -> Any:
    x = expand_dims(x, axis) if rank == 1 else x
    return with_axes(x, count - max(rank, 2)) if len(x.shape) > max(rank, 2) else x


matmul: Op = Op(
    "matmul",
    _matmul_type,
    _matmul,
    _matmul_vjp,
    Kind.INTO,
    matmul_flops,
    home=__name__,
    kernel=_matmul_kernel,
    rows=RowRule(_matmul_rows),
    batch=BatchRule(_matmul_batch),
    depends=_matmul_depends,
)


# row_dot: the sum of x * y over the last axis, without conjugation.


def _row_dot_type(x: ValueType[Any], y: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("row_dot", x, y)
    if not s.ndim or not t.ndim or s.shape[-1] != t.shape[-1]:
        raise ShapeError(
            f"row_dot: shapes {s.shape} and {t.shape} do not fit in the last axis", fix="give rows of equal length"
        )
    batch = broadcast("row_dot", (array_type(s.shape[:-1], s.dtype), array_type(t.shape[:-1], t.dtype)))
    return value_type(batch, np.result_type(s.dtype, t.dtype))


def _row_dot(x: Any, y: Any, out: Any = None) -> Any:
    return np.vecdot(np.conjugate(x) if x.dtype.kind == "c" else x, y, out=out)


def _row_dot_depends(reading: Reading) -> Dependence:
    lines = [part.over((part.labels.ndim - 1,)) for part in reading.operands]
    return together([line.reshaped(line.labels.shape[:-1]) for line in lines], reading.shape)


def _row_dot_rows(x: NumericType[Any], y: NumericType[Any], out: NumericType[Any]) -> Split | None:
    return by_element(x, y, out, extra=1) if out.shape else split_rows(out, (x, y), (True, True), add)


row_dot: Op = Op(
    "row_dot",
    _row_dot_type,
    _row_dot,
    lambda g, out, x, y: (expand_dims(g, -1) * y, expand_dims(g, -1) * x),
    Kind.INTO,
    matmul_flops,
    home=__name__,
    rows=RowRule(_row_dot_rows),
    batch=ELEMENTWISE,
    depends=_row_dot_depends,
)


# NumPy's functions.


def conjugated(x: Any) -> Any:
    """The complex conjugate of an array, which is itself where its dtype is real."""
    return conjugate(x) if x.dtype.kind == "c" else x


def adjoint(x: Any) -> Any:
    """The conjugate transposes of matrices (..., m, n)."""
    return conjugated(matrix_transpose(x))


def outer(a: Any, b: Any, out: None = None) -> Any:
    """`numpy.outer`: the products of all elements of `a` (m) with all of `b` (n), of shape (m, n)."""
    refuse_out("outer", out)
    return expand_dims(ravel(a), 1) * ravel(b)


def vdot(a: Any, b: Any, /) -> Any:
    """`numpy.vdot`: the sum of the products of all elements, those of `a` conjugated."""
    return matmul(conjugated(ravel(a)), ravel(b))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`numpy.vecdot`: the sums of products along one axis, `x1` conjugated; the other axes broadcast."""
    x, y = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    return row_dot(conjugated(x), y)


def _with_axes(name: str, x: Any, count: int) -> Any:
    """The operand, or a ShapeError where it has too few axes."""
    array = asarray(x)
    if len(array.shape) < count:
        raise ShapeError(
            f"{name}: the shape {array.shape} has fewer than {count} axes",
            fix="give matrices and vectors, as the name says",
        )
    return array


def matvec(x1: Any, x2: Any, /) -> Any:
    """`numpy.matvec`: matrices (..., m, n) by vectors (..., n), of shape (..., m)."""
    x, y = _with_axes("matvec", x1, 2), _with_axes("matvec", x2, 1)
    if len(y.shape) < 2:
        return matmul(x, y)
    return matmul(y, x.T) if len(x.shape) == 2 else squeeze(matmul(x, expand_dims(y, -1)), -1)


def vecmat(x1: Any, x2: Any, /) -> Any:
    """`numpy.vecmat`: conjugated vectors (..., m) by matrices (..., m, n), of shape (..., n)."""
    x, y = conjugated(_with_axes("vecmat", x1, 1)), _with_axes("vecmat", x2, 2)
    return matmul(x, y) if len(x.shape) < 2 or len(y.shape) < 3 else squeeze(matmul(expand_dims(x, -2), y), -2)


def kron(a: Any, b: Any) -> Any:
    """`numpy.kron`: the array of blocks a[i, j, ...] * b."""
    x, y = asarray(a), asarray(b)
    count = max(len(x.shape), len(y.shape))
    rows, columns = ((1,) * (count - len(z.shape)) + z.shape for z in (x, y))
    outer = reshape(x, tuple(m for n in rows for m in (n, 1))) * reshape(y, tuple(m for n in columns for m in (1, n)))
    return reshape(outer, tuple(n * m for n, m in zip(rows, columns, strict=True)))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """`numpy.cross`: the vector products of vectors of three elements.

    Arguments:
        a, b: arrays that broadcast, apart from the axes of the vectors.
        axisa, axisb, axisc: the axis of the vectors in `a`, in `b` and in the result.
        axis: all three of them.
    Returns:
        the products.
    Errors:
        ShapeError: vectors of another length.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    x, y = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(
            f"cross: the vectors of {shape(a)} and {shape(b)} do not have three elements each",
            fix="give vectors of three elements along axisa and axisb",
        )
    return moveaxis(roll(x * roll(y, -1, -1) - roll(x, -1, -1) * y, -1, -1), -1, axisc)
