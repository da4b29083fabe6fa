"""Differences of neighbours, and what is made of them: slopes, integrals, unwrapped phases.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import along, many_axes, one_axis
from ..arrays.as_array import asarray, ndim
from ..arrays.axes import expand_dims, moveaxis
from ..arrays.diagonals import sum_axis
from ..arrays.joins import concatenate
from ..arrays.views import broadcast_to, ravel
from ..elementwise.arithmetic import abs, remainder
from ..elementwise.comparison import equal, logical_and
from ..elementwise.selection import where
from ..reductions.running import cumsum

__all__ = ["diff", "ediff1d", "gradient", "trapezoid", "unwrap"]


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """`numpy.diff`: the n-th differences of neighbours along an axis; `prepend` and `append` extend it first."""
    x = asarray(a)
    if n < 0:
        raise ShapeError(f"diff: the order {n} is below zero", fix="give 0 or more")
    if not x.shape and n:
        raise ShapeError("diff takes arrays of one axis or more, not a number", fix="ravel the operand")
    if not n:
        return x
    axis = one_axis("diff", axis, len(x.shape))
    ends = [end if end is None or ndim(end) else _edge(end, x, axis) for end in (prepend, append)]
    if prepend is not None or append is not None:
        x = concatenate([part for part in (ends[0], x, ends[1]) if part is not None], axis)
    for _ in range(n):
        upper, lower = along(x, axis, slice(1, None)), along(x, axis, slice(None, -1))
        x = upper != lower if x.dtype == np.bool_ else upper - lower
    return x


def _edge(end: Any, x: Any, axis: int) -> Any:
    return broadcast_to(end, tuple(1 if i == axis else n for i, n in enumerate(x.shape)))


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`numpy.trapezoid`: the integral of `y` along an axis by the trapezoidal rule.

    Arguments:
        y: values.
        x: where they are taken, a vector or an array like `y`; None means a distance of `dx` between neighbours.
        dx: the distance.
        axis: the axis of `y`.
    Returns:
        the integrals, without that axis.
    """
    values = moveaxis(y, axis, -1)
    width = dx if x is None else diff(x) if ndim(x) == 1 else diff(moveaxis(x, axis, -1))
    return sum_axis(width * (values[..., 1:] + values[..., :-1]) / 2.0, -1)


# Differences.


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`numpy.ediff1d`: differences of neighbours in the flat array, between `to_begin` and `to_end`."""
    x = ravel(ary)
    begin, end = _fitting("to_begin", to_begin, x.dtype), _fitting("to_end", to_end, x.dtype)
    parts = (begin, x[1:] - x[:-1], end)
    return concatenate([ravel(part) for part in parts if part is not None])


def _fitting(name: str, part: Any, dtype: np.dtype[Any]) -> Any:
    """What stands before or after differences, as their dtype."""
    if part is None:
        return None
    array = asarray(part)
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise GraphTypeError(f"ediff1d: {name} of {array.dtype} does not fit {dtype}", fix="cast it with .astype(...)")
    return asarray(array, dtype)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`numpy.gradient`: slopes by central differences, and by one-sided ones at the ends.

    Arguments:
        f: values on a grid.
        varargs: for each axis, or for all, the distance of neighbours, or their coordinates (n,).
        axis: which axes; None means all.
        edge_order: 1 or 2, the order of accuracy at the ends.
    Returns:
        an array like `f`, or a tuple of them, one an axis.
    Errors:
        ShapeError: too few elements along an axis.
        GraphTypeError: another number of distances than of axes, which is a TypeError in NumPy too.
    """
    x = asarray(f)
    if x.dtype.kind in "iu":
        x = asarray(x, np.float64)
    axes = many_axes("gradient", range(len(x.shape)) if axis is None else axis, len(x.shape))
    steps = list(varargs) if varargs else [1.0]
    if len(steps) == 1 and not ndim(steps[0]):
        steps *= len(axes)
    if len(steps) != len(axes):
        raise GraphTypeError(
            f"gradient: {len(steps)} distances for {len(axes)} axes", fix="give one distance, or one for each axis"
        )
    slopes = [_slope(x, step, i, edge_order) for step, i in zip(steps, axes, strict=True)]
    slopes = [asarray(slope, x.dtype) if x.dtype.kind in "fc" else slope for slope in slopes]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(x: Any, step: Any, axis: int, edge_order: int) -> Any:
    y, n = moveaxis(x, axis, -1), x.shape[axis]
    if n <= edge_order:
        raise ShapeError(f"gradient: {n} elements along axis {axis} are too few", fix=f"{edge_order + 1} are needed")
    d = diff(step) if ndim(step) else None
    first, last = _end(y, 0, 1, step, d, edge_order), _end(y, -1, -1, step, d, edge_order)
    if d is None:
        inner = (y[..., 2:] - y[..., :-2]) / (2.0 * step)
    else:
        before, after = d[:-1], d[1:]
        rise, fall = y[..., 2:] - y[..., 1:-1], y[..., 1:-1] - y[..., :-2]
        inner = (rise * (before / after) + fall * (after / before)) / (before + after)
    return moveaxis(concatenate([expand_dims(first, -1), inner, expand_dims(last, -1)], -1), -1, axis)


def _end(y: Any, at: int, inwards: int, step: Any, d: Any, order: int) -> Any:
    """The slope at an end, from the first two or three elements counted from there."""
    h = step if d is None else d[at]
    near = (y[..., at + inwards] - y[..., at]) / (h * inwards)
    if order == 1:
        return near
    k = step if d is None else d[at + inwards]
    far = (y[..., at + 2 * inwards] - y[..., at + inwards]) / (k * inwards)
    return near + (near - far) * (h / (h + k))


def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    """`numpy.unwrap`: `p` with multiples of the period added, so that neighbours are less than half of it apart."""
    x = asarray(p)
    axis = one_axis("unwrap", axis, len(x.shape))
    steps = diff(x, axis=axis)
    half = period / 2
    turned = remainder(steps + half, period) - half
    turned = where(logical_and(equal(turned, -half), steps > 0), half, turned)
    change = turned - steps
    if discont is not None and discont > half:
        change = where(abs(steps) < discont, 0.0, change)
    return concatenate([along(x, axis, slice(0, 1)), along(x, axis, slice(1, None)) + cumsum(change, axis)], axis)
