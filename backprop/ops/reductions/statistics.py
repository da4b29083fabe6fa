"""Averages, medians, quantiles, and the reductions that take NaN for a missing number, by NumPy's names.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import refuse_out, shape_of
from ..arrays.as_array import asarray, ndim
from ..arrays.creation import full_like
from ..arrays.views import broadcast_to, reshape
from ..elementwise.arithmetic import absolute
from ..elementwise.comparison import isnan, logical_not
from ..elementwise.conversion import cast
from ..elementwise.powers import sqrt
from ..elementwise.selection import where
from .making import Axes, count, prepared
from .norms import reduce_norm
from .questions import all
from .reductions import max, mean, min, prod, sum
from .running import cumsum, real_dtype
from .variances import reduce_start, refuse_loss, var

__all__ = [
    "average",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """`numpy.average`.

    Arguments:
        a: Var or array.
        axis: an int, ints, or None for all axes.
        weights: like `a`, or a vector along the one axis; None means equal weights.
        returned: whether to return the sums of the weights too.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the averages, or a pair of averages and sums.
    Errors:
        ShapeError: weights of another shape.
    """
    x, axes = prepared("average", a, axis)
    if weights is None:
        value = mean(x, axes, keepdims=keepdims)
        return (value, full_like(value, count(shape_of(x), axes))) if returned else value
    w = asarray(weights)
    if axis is None and shape_of(w) != shape_of(x):
        raise GraphTypeError(
            f"average: weights of shape {shape_of(w)} for an array of {shape_of(x)} need an axis", fix="name the axis"
        )
    kind = np.result_type(x.dtype, w.dtype, *(["f8"] if x.dtype.kind in "biu" else []))
    x, w = asarray(x, kind), _weights(x, axes, asarray(w, kind))
    total = sum(w, axes, keepdims=keepdims)
    value = sum(x * w, axes, keepdims=keepdims) / total
    return (value, total) if returned else value


def _weights(x: Any, axes: Axes, w: Any) -> Any:
    """The weights with the shape of x."""
    if ndim(w) != ndim(x):
        if len(axes) != 1 or shape_of(w) != (shape_of(x)[axes[0]],):
            raise ShapeError(
                f"average: weights of shape {shape_of(w)} do not fit the axes {axes} of {shape_of(x)}",
                fix="give weights of the array's shape, or one for each element of the one axis",
            )
        w = reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(shape_of(x))))
    return broadcast_to(w, shape_of(x))


# NaN taken for a number that does not count.


def _filled(a: Any, value: float) -> Any:
    x = asarray(a)
    return where(isnan(x), value, x) if x.dtype.kind in "fc" else x


def _present(a: Any, axis: Any, keepdims: bool, dtype: Any = None) -> Any:
    x = asarray(a)
    kind = real_dtype(x.dtype if dtype is None else np.dtype(dtype))
    return sum(cast(logical_not(isnan(x)), dtype=kind.name), axis, keepdims=keepdims)


def nansum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.nansum`: `sum`, with NaN taken for 0."""
    return sum(_filled(a, 0), axis, dtype, out, keepdims)


def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.nanprod`: `prod`, with NaN taken for 1."""
    return prod(_filled(a, 1), axis, dtype, out, keepdims)


def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`numpy.nancumsum`: `cumsum`, with NaN taken for 0."""
    return cumsum(_filled(a, 0), axis, dtype, out)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.nanmean`: the mean of the elements that are not NaN, NaN where there are none."""
    x = asarray(a)
    if x.dtype.kind not in "fc":
        return mean(x, axis, dtype, out, keepdims)
    refuse_loss(x, dtype)
    return nansum(x, axis, dtype, out, keepdims) / _present(x, axis, keepdims, dtype)


def _apart(x: Any, axis: Any) -> tuple[Any, Axes]:
    """Deviations from the mean of what is not NaN, 0 for what is; those of equal elements are an exact 0."""
    operand, axes = prepared("nanvar", x, axis)
    if count(shape_of(operand), axes):
        operand = operand - reduce_start(operand, axes=axes, keepdims=True)
    return _filled(operand - nanmean(operand, axes, keepdims=True), 0), axes


def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """`numpy.nanvar`: the variance of the elements that are not NaN."""
    x = asarray(a)
    if x.dtype.kind not in "fc":
        return var(x, axis, dtype, out, ddof, keepdims)
    refuse_out("nanvar", out)
    refuse_loss(x, dtype, of_parts=True)
    x = asarray(x, dtype)
    apart, _ = _apart(x, axis)
    freedom = _present(x, axis, keepdims) - ddof
    return sum(absolute(apart) ** 2, axis, keepdims=keepdims) / where(freedom > 0, freedom, math.nan)


def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """`numpy.nanstd`: the root of `nanvar`; of constants it has the derivative 0, as `std` has."""
    x = asarray(a)
    if x.dtype.kind not in "fc" or not ndim(x):
        return sqrt(nanvar(x, axis, dtype, out, ddof, keepdims))
    refuse_out("nanstd", out)
    refuse_loss(x, dtype, of_parts=True)
    x = asarray(x, dtype)
    apart, axes = _apart(x, axis)
    freedom = _present(x, axis, keepdims) - ddof
    return reduce_norm(apart, axes=axes, keepdims=keepdims) / sqrt(where(freedom > 0, freedom, math.nan))


def nanmax(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.nanmax`: the maximum of the elements that are not NaN, NaN where there are none."""
    return _extreme_of_present(max, -math.inf, a, axis, out, keepdims)


def nanmin(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.nanmin`: the minimum of the elements that are not NaN, NaN where there are none."""
    return _extreme_of_present(min, math.inf, a, axis, out, keepdims)


def _extreme_of_present(reduce: Callable[..., Any], worst: float, a: Any, axis: Any, out: Any, keepdims: bool) -> Any:
    x = asarray(a)
    value = reduce(_filled(x, worst), axis, out, keepdims)
    return where(all(isnan(x), axis, keepdims=keepdims), math.nan, value) if x.dtype.kind in "fc" else value
