"""Whether there is something, where, and how often: reductions whose results have no cotangent.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..arrays.arguments import one_axis
from ..arrays.as_array import asarray, ndim
from ..core.batching import ALONG_AXES
from ..core.op import Op
from ..core.rows import reduced_by
from ..core.types import NumericType, ValueType, numeric
from ..elementwise.comparison import logical_and, logical_or, not_equal
from .making import fold, is_of_a_number, prepared, reduced_type, reduction
from .reductions import sum
from .running import fixed_dtype
from .selected import chosen

__all__ = ["all", "any", "argmax", "argmin", "count_nonzero"]

# Booleans and positions, which have no cotangent.

reduce_all: Op = reduction(
    "reduce_all", fixed_dtype("bool"), partial(fold, np.logical_and), rows=reduced_by(logical_and)
)
reduce_any: Op = reduction("reduce_any", fixed_dtype("bool"), partial(fold, np.logical_or), rows=reduced_by(logical_or))


def _position_type(name: str, x: ValueType[Any], *, axis: int | None, keepdims: bool) -> NumericType[Any]:
    axes = tuple(range(numeric(name, x)[0].ndim)) if axis is None else (axis,)
    return reduced_type(name, fixed_dtype("intp"), False, x, axes=axes, keepdims=keepdims)


position_of_max: Op = Op(
    "position_of_max",
    partial(_position_type, "argmax"),
    lambda x, *, axis, keepdims: np.argmax(x, axis, keepdims=keepdims),
    home=__name__,
    batch=ALONG_AXES,
)
position_of_min: Op = Op(
    "position_of_min",
    partial(_position_type, "argmin"),
    lambda x, *, axis, keepdims: np.argmin(x, axis, keepdims=keepdims),
    home=__name__,
    batch=ALONG_AXES,
)


def all(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.all`: whether all elements are true."""
    x, axes = prepared("all", chosen("all", a, unsupported)[0], axis, out, unsupported)
    return reduce_all(x, axes=axes, keepdims=bool(keepdims))


def any(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.any`: whether some element is true."""
    x, axes = prepared("any", chosen("any", a, unsupported)[0], axis, out, unsupported)
    return reduce_any(x, axes=axes, keepdims=bool(keepdims))


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """`numpy.count_nonzero`: the number of elements that are not 0."""
    return sum(not_equal(asarray(a), 0), axis, keepdims=keepdims)


def argmax(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.argmax`: the position of the first maximum along an axis, or in the flat array."""
    x, _ = prepared("argmax", a, axis, out)
    line = None if axis is None or is_of_a_number(axis, x) else one_axis("argmax", axis, ndim(x))
    return position_of_max(x, axis=line, keepdims=bool(keepdims))


def argmin(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.argmin`: the position of the first minimum along an axis, or in the flat array."""
    x, _ = prepared("argmin", a, axis, out)
    line = None if axis is None or is_of_a_number(axis, x) else one_axis("argmin", axis, ndim(x))
    return position_of_min(x, axis=line, keepdims=bool(keepdims))
