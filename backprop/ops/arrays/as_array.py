"""What becomes an array: anything that NumPy takes, and nested lists that hold Vars, which are stacked.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from types import FunctionType
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..core.batching import ALONG_AXES
from ..core.dependence import moves
from ..core.op import Op
from ..core.types import NumericType, Shape, ValueType, array_type, numeric
from ..elementwise.conversion import cast
from .arguments import along, holds_traced, is_of_objects, is_traced, one_axis

__all__ = ["asarray", "ndim", "size", "stack"]


def _is_table(a: object) -> bool:
    """Whether a value is a column or a table of pandas, which has an array in it."""
    return isinstance(getattr(type(a), "to_numpy", None), FunctionType)


def asarray(a: Any, dtype: Any = None) -> Any:
    """`numpy.asarray`, also of nested lists that hold Vars.

    Arguments:
        a: a Var, an array, a number, or nested sequences of these.
        dtype: dtype of the result; None keeps that of `a`.
    Returns:
        a Var where `a` holds one, else an array or NumPy scalar.
    """
    if dtype is not None:
        array = asarray(a)
        return array if array.dtype == np.dtype(dtype) else cast(array, dtype=np.dtype(dtype).name)
    if is_of_objects(a) and holds_traced(a):
        a = a.tolist()
    if hasattr(a, "shape") and hasattr(a, "dtype") and (is_traced(a) or not _is_table(a)):
        return a
    if isinstance(a, list | tuple) and holds_traced(a):
        return stack([asarray(item) for item in a])
    return np.asarray(a)


def shape(a: Any) -> Shape:
    """The shape of a Var, an array, a number or a nested sequence."""
    return tuple(asarray(a).shape)


def ndim(a: Any) -> int:
    """The number of axes of a Var, an array, a number or a nested sequence."""
    return len(shape(a))


def size(a: Any, axis: int | None = None) -> int:
    """The number of elements of `a`, or the length of one of its axes."""
    lengths = shape(a)
    return math.prod(lengths) if axis is None else lengths[axis]


# Joins, whose adjoints are slices.


def joined(op: str, arrays: tuple[ValueType[Any], ...]) -> tuple[tuple[NumericType[Any], ...], np.dtype[Any]]:
    """The types of arrays to be joined, and the dtype that they promote to."""
    types = numeric(op, *arrays)
    return types, np.result_type(*(t.dtype for t in types))


def _stack_type(*arrays: ValueType[Any], axis: int) -> NumericType[Any]:
    types, dtype = joined("stack", arrays)
    first = types[0].shape
    for t in types:
        if t.shape != first:
            raise ShapeError(f"stack: the shapes {first} and {t.shape} differ", fix="all arrays need one shape")
    return array_type((*first[:axis], len(types), *first[axis:]), dtype)


def _stack(*arrays: Any, axis: int) -> Any:
    return np.array(arrays) if np.ndim(arrays[0]) == 0 else np.stack(arrays, axis)


stack_along: Op = Op(
    "stack_along",
    _stack_type,
    _stack,
    lambda g, out, *arrays, axis: tuple(along(g, axis, i) for i in range(len(arrays))),
    home=__name__,
    batch=ALONG_AXES,
    depends=moves(),
)


def arrays_of(arrays: Any) -> list[Any]:
    """The items of a sequence, or of the first axis of an array."""
    if hasattr(arrays, "shape"):
        return [arrays[i] for i in range(arrays.shape[0])]
    return [asarray(a) for a in arrays]


def stack(arrays: Any, axis: int = 0, *, dtype: Any = None) -> Any:
    """`numpy.stack`.

    Arguments:
        arrays: sequence of n arrays of one shape.
        axis: the position of the new axis, of length n.
        dtype: dtype of the result; None promotes.
    Returns:
        the arrays along a new axis.
    Errors:
        ShapeError: shapes that differ.
    """
    xs = arrays_of(arrays)
    if not xs:
        raise ShapeError("stack needs at least one array", fix="give a list that is not empty")
    return asarray(stack_along(*xs, axis=one_axis("stack", axis, len(xs[0].shape) + 1)), dtype)
