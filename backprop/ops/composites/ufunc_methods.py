"""Methods of ufuncs: `outer`, `accumulate` and `reduceat`, made of ops.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import OutOfRangeError, ShapeError, UnknownFunctionError
from ..arrays.arguments import along, answer, one_axis
from ..arrays.as_array import asarray, stack
from ..arrays.views import reshape
from ..reductions.questions import all, any
from ..reductions.reductions import max, min, prod, sum
from ..reductions.running import cumprod, cumsum

RUNNING: Mapping[np.ufunc, Callable[..., Any]] = MappingProxyType({np.add: cumsum, np.multiply: cumprod})
REDUCING: Mapping[np.ufunc, Callable[..., Any]] = MappingProxyType(
    {np.add: sum, np.multiply: prod, np.maximum: max, np.minimum: min, np.logical_and: all, np.logical_or: any}
)


def outer_of(op: Callable[..., Any], a: Any, b: Any) -> Any:
    """`ufunc.outer`: the op of each element of `a` with each of `b`."""
    x, y = asarray(a), asarray(b)
    return op(reshape(x, (*x.shape, *(1,) * len(y.shape))), y)


def accumulated(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`ufunc.accumulate` of add and multiply.

    Errors:
        UnknownFunctionError: another ufunc.
    """
    if ufunc not in RUNNING:
        raise UnknownFunctionError(
            f"numpy.{ufunc.__name__}.accumulate has no op", fix="numpy.cumsum adds up; else use a loop"
        )
    if not asarray(array).shape:
        raise ShapeError("cannot accumulate on a number", fix="give an array of one axis or more")
    return RUNNING[ufunc](array, axis, dtype)


def reduced_at(ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`ufunc.reduceat` of add, multiply, maximum and minimum; the indices are asked for.

    Errors:
        UnknownFunctionError: another ufunc.
        IndexError: an index that is not there.
    """
    if ufunc not in REDUCING:
        raise UnknownFunctionError(f"numpy.{ufunc.__name__}.reduceat has no op", fix="use a loop over the slices")
    x = asarray(array, dtype)
    at, starts = one_axis("reduceat", axis, len(x.shape)), [int(i) for i in answer(np.array, indices)]
    n = x.shape[at]
    if builtins.any([not 0 <= start < n for start in starts]):
        raise OutOfRangeError(f"reduceat: the indices {starts} of {n} elements", fix="give indices from 0 to n - 1")
    pairs = zip(starts, [*starts[1:], n], strict=True)
    parts = [along(x, at, slice(i, j if i < j else i + 1)) for i, j in pairs]
    return stack([REDUCING[ufunc](part, at) for part in parts], at)
