"""Places in sorted arrays, bins and partial orders.

The one primitive is `insertion_points`, whose result has no cotangent. A partition is a whole sort.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import answer, is_traced, one_axis
from ..arrays.as_array import asarray
from ..arrays.indexing.items import getitem, scatter_add
from ..arrays.joins import concatenate
from ..arrays.views import ravel, reshape
from ..core.op import Op
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.arithmetic import absolute, remainder
from ..elementwise.comparison import equal
from ..elementwise.selection import maximum, minimum, where
from ..reductions.reductions import sum as total
from ..reductions.running import argsort, sort
from .differences import diff

__all__ = [
    "argpartition",
    "bincount",
    "digitize",
    "histogram",
    "histogram2d",
    "histogramdd",
    "interp",
    "partition",
    "searchsorted",
]

# Positions and interpolation.


def _points_type(a: ValueType[Any], v: ValueType[Any], *, side: str) -> NumericType[Any]:
    s, t = numeric("searchsorted", a, v)
    if s.ndim != 1:
        raise ShapeError(f"searchsorted: the shape {s.shape} is not that of a vector", fix="ravel the sorted array")
    return value_type(t.shape, np.dtype(np.intp))


insertion_points: Op = Op(
    "insertion_points", _points_type, lambda a, v, *, side: np.searchsorted(a, v, side), home=__name__
)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: None = None) -> Any:
    """`numpy.searchsorted`: where to insert `v` into an ascending vector `a`.

    Errors:
        GraphTypeError: `sorter` given.
    """
    if sorter is not None:
        raise GraphTypeError("searchsorted: there is no `sorter` here", fix="use a[sorter] as the first argument")
    return insertion_points(asarray(a), asarray(v), side=side)


def _is_monotonic(edges: Any) -> bool:
    steps = np.diff(edges)
    return bool(np.all(steps >= 0) or np.all(steps <= 0))


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """`numpy.digitize`: the number of the bin of each element; Vars as `bins` have to ascend."""
    edges = asarray(bins)
    if asarray(x).dtype.kind == "c":
        raise GraphTypeError("digitize does not take complex numbers", fix="use the real part or the absolute value")
    if not is_traced(edges) and not _is_monotonic(edges):
        raise ShapeError("digitize: the bins neither ascend nor descend", fix="sort them")
    side = "left" if right else "right"
    if not is_traced(edges) and len(edges) > 1 and edges[0] > edges[-1]:
        return len(edges) - searchsorted(edges[::-1], x, side)
    return searchsorted(edges, x, side)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """`numpy.interp`: the piecewise linear function through the points (xp, fp).

    Arguments:
        x: where to take it.
        xp: vector (n,), ascending, or in any order where there is a period.
        fp: vector (n,).
        left, right: the values before the first and after the last point; None means those of the points.
        period: of the function; None where it has none. It takes the place of `left` and `right`.
    Returns:
        the values, differentiable by `x`, `xp`, `fp`, `left` and `right`; the slope at a point is that on its right.
    Errors:
        ShapeError: points of another shape; a period of 0.
    """
    at, xs = _real("interp", x), _real("interp", xp)
    ys = asarray(fp)
    ys = asarray(ys, np.result_type(ys.dtype, np.float64))
    if len(xs.shape) != 1 or xs.shape != ys.shape or not xs.shape[0]:
        raise ShapeError(
            f"interp takes vectors of points of one length, not the shapes {xs.shape} and {ys.shape}",
            fix="give as many elements of fp as of xp, and at least one",
        )
    if period is not None:
        at, xs, ys = _in_a_period(at, xs, ys, period)
        left = right = None
    i = minimum(maximum(searchsorted(xs, at, "right") - 1, 0), max(0, xs.shape[0] - 2))
    value = getitem(ys, i)
    if xs.shape[0] > 1:
        value = value + (at - getitem(xs, i)) * getitem(diff(ys) / diff(xs), i)
    value = where(at < xs[0], ys[0] if left is None else left, value)
    return where(at > xs[-1], ys[-1] if right is None else right, where(equal(at, xs[-1]), ys[-1], value))


def _in_a_period(at: Any, xs: Any, ys: Any, period: Any) -> tuple[Any, Any, Any]:
    """Places and points in one period, the points in order, and one more at either end."""
    if answer(lambda v: bool(np.all(np.asarray(v) == 0)), period):
        raise ShapeError("interp: the period is 0", fix="give another period")
    length = absolute(period)
    xs = remainder(xs, length)
    order = argsort(xs)
    xs, ys = getitem(xs, order), getitem(ys, order)
    xs = concatenate([xs[-1:] - length, xs, xs[:1] + length])
    return remainder(at, length), xs, concatenate([ys[-1:], ys, ys[:1]])


def _real(name: str, x: Any) -> Any:
    """An operand as float64, to which NumPy's function casts it."""
    array = asarray(x)
    if array.dtype.kind == "c":
        raise GraphTypeError(f"{name} does not take {array.dtype} here", fix="use the real or the imaginary part")
    return asarray(array, np.float64)


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """`numpy.bincount`: the sums of the weights of each number in a vector `x` of integers, which is asked for."""
    places = answer(np.array, x) if is_traced(x) else np.asarray(x)
    if minlength < 0 or (places.size and places.min() < 0):
        raise ShapeError("bincount: the numbers and minlength cannot be below zero", fix="shift the numbers")
    length = max(minlength, int(places.max(initial=-1)) + 1)
    if weights is None:
        return np.bincount(places, minlength=minlength)
    heavy = _real("bincount", weights)
    if heavy.shape != places.shape or len(places.shape) != 1:
        raise ShapeError(
            f"bincount takes a vector and as many weights, not the shapes {places.shape} and {heavy.shape}",
            fix="give one weight for each number",
        )
    return scatter_add(heavy, places, shape=(length,), key=("array",), unique=False)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any]:
    """`numpy.histogram` of plain data, differentiable by its weights.

    Arguments:
        a: plain array of what falls into bins.
        bins: their number, their plain edges, or the name of a rule.
        range: the lower and the upper end.
        density: whether to divide by the widths of bins and by the sum.
        weights: a weight for each element of `a`.
    Returns:
        the sums of the weights in each bin, or the density, and the edges.
    Errors:
        GraphTypeError: Vars as `a` or `bins`.
    """
    _plain_bins("histogram", a, bins)
    if weights is None:
        return np.histogram(a, bins, range, density)
    data, heavy = np.ravel(a), asarray(weights)
    edges = _bin_edges(a, bins, range)
    if heavy.dtype.kind == "b" and np.ndim(bins) and data.size:
        raise GraphTypeError("histogram: booleans are not summed up between edges", fix="cast them with .astype(int)")
    if heavy.shape != np.shape(a):
        raise ShapeError(
            f"histogram: weights of shape {heavy.shape} for an array of shape {np.shape(a)}",
            fix="give one weight for each element",
        )
    inside = (data >= edges[0]) & (data <= edges[-1])
    places = np.searchsorted(edges, data[inside], "right") - 1
    places[data[inside] == edges[-1]] = len(edges) - 2
    chosen = getitem(ravel(heavy), np.flatnonzero(inside))
    sums = scatter_add(chosen, places, shape=(len(edges) - 1,), key=("array",), unique=False)
    return (sums / np.diff(edges) / total(sums) if density else sums), edges


def _plain_bins(name: str, *given: Any) -> None:
    if any([is_traced(part) for each in given for part in (each if isinstance(each, (list, tuple)) else (each,))]):
        raise GraphTypeError(
            f"{name}: which bin an element falls into depends on the values of a Var",
            fix="find the bins of plain data, and give the Var as weights",
        )


def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    """`numpy.histogram2d` of plain data, differentiable by its weights; see `histogramdd`."""
    _plain_bins("histogram2d", x, y, bins)
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]  # edges for both axes, as in NumPy
    sums, edges = histogramdd(np.stack([np.asarray(x), np.asarray(y)], -1), bins, range, density, weights)
    return sums, *edges


def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any]:
    """`numpy.histogramdd` of plain data, differentiable by its weights.

    Arguments:
        sample: plain array (n, d) of n points, or d vectors.
        bins: the number of bins, one for each axis, or the plain edges for each axis.
        range: the lower and the upper end for each axis.
        density: whether to divide by the volumes of bins and by the sum.
        weights: a weight for each point.
    Returns:
        the sums of the weights in each bin, of d axes, or the density, and the edges for each axis.
    Errors:
        GraphTypeError: Vars as `sample` or `bins`.
    """
    _plain_bins("histogramdd", sample, bins)
    if weights is None:
        return np.histogramdd(sample, bins, range, density)
    points = np.asarray(sample) if np.ndim(sample) == 2 and hasattr(sample, "shape") else np.atleast_2d(sample).T
    heavy = asarray(weights)
    if heavy.shape != points.shape[:1]:
        raise ShapeError(
            f"histogramdd: weights of shape {heavy.shape} for {len(points)} points",
            fix="give one weight for each point",
        )
    if not len(points):
        return np.histogramdd(sample, bins, range, density)
    edges = np.histogramdd(sample, bins, range)[1]
    sizes = tuple([len(ends) + 1 for ends in edges])
    places = [np.searchsorted(ends, column, "right") for ends, column in zip(edges, points.T, strict=True)]
    for place, ends, column in zip(places, edges, points.T, strict=True):
        place[column == ends[-1]] -= 1
    sums = bincount(np.ravel_multi_index(places, sizes), heavy, math.prod(sizes))
    sums = getitem(reshape(sums, sizes), (slice(1, -1),) * len(sizes))
    if not density:
        return sums, edges
    volumes = np.prod(np.meshgrid(*[np.diff(ends) for ends in edges], indexing="ij"), 0)
    return sums / volumes / total(sums), edges


def _bin_edges(a: Any, bins: Any, range: Any) -> Any:
    try:
        return np.histogram_bin_edges(a, bins, range, np.ones(np.shape(a)))
    except (TypeError, ValueError) as error:
        kind = GraphTypeError if isinstance(error, TypeError) else ShapeError
        raise kind(f"histogram: {error}", fix="give a number of bins, or edges that ascend") from None


def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """`numpy.partition`: the sorted array, which is partitioned at each `kth`."""
    x = asarray(a)
    _check_places("partition", x, kth, axis)
    return sort(x, axis)


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """`numpy.argpartition`: the order that sorts, and so partitions at each `kth`."""
    x = asarray(a)
    _check_places("argpartition", x, kth, axis)
    return argsort(x, axis)


def _check_places(name: str, x: Any, kth: Any, axis: int | None) -> None:
    if np.asarray(kth).dtype.kind not in "iu":
        raise GraphTypeError(f"{name}: the place {kth} is no integer", fix="give integers")
    n = math.prod(x.shape) if axis is None or not x.shape else x.shape[one_axis(name, axis, len(x.shape))]
    if math.prod(x.shape) and np.any(np.abs(np.asarray(kth) + 0.5) > n):
        raise ShapeError(f"{name}: the place {kth} is not one of {n} elements", fix="give a place from 0 to n - 1")
