"""Running sums and products as the array API names them, and with NaN counting as nothing.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import one_axis
from ..arrays.as_array import asarray
from ..arrays.joins import concatenate
from ..arrays.views import reshape
from ..elementwise.comparison import isnan
from ..elementwise.selection import where
from ..reductions.running import cumprod, cumsum

__all__ = ["cumulative_prod", "cumulative_sum", "nancumprod"]


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """`numpy.cumulative_sum`: running sums along an axis, after a 0 with `include_initial`."""
    return _cumulative(partial(cumsum, dtype=dtype, out=out), 0, x, axis, include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """`numpy.cumulative_prod`: running products along an axis, after a 1 with `include_initial`."""
    return _cumulative(partial(cumprod, dtype=dtype, out=out), 1, x, axis, include_initial)


def _cumulative(scan: Callable[..., Any], first: int, x: Any, axis: int | None, initial: bool) -> Any:
    array = asarray(x)
    array = array if array.shape or axis not in (None, 0, -1) else reshape(array, (1,))
    if axis is None and len(array.shape) != 1:
        raise ShapeError(
            "cumulative_sum and cumulative_prod need an axis for arrays of several axes",
            fix="name the axis, or ravel the array",
        )
    axis = one_axis("cumulative", 0 if axis is None else axis, len(array.shape))
    y = scan(array, axis=axis)
    shape = (*y.shape[:axis], 1, *y.shape[axis + 1 :])
    return concatenate([np.full(shape, first, y.dtype), y], axis) if initial else y


def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`numpy.nancumprod`: running products, NaN counting as 1."""
    x = asarray(a)
    return cumprod(where(isnan(x), 1, x), axis, dtype, out)
