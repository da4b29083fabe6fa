"""Medians and quantiles, by NumPy's names: places in sorted lines.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.arguments import shape_of
from ..arrays.as_array import asarray, ndim
from ..arrays.axes import moveaxis
from ..arrays.creation import full_like
from ..arrays.indexing.items import getitem
from ..arrays.views import broadcast_to, reshape
from ..elementwise.comparison import isnan, logical_not
from ..elementwise.conversion import cast
from ..elementwise.rounding import floor
from ..elementwise.selection import maximum, minimum, where
from .making import Axes, kept, merged, prepared, spread
from .reductions import sum
from .running import float_dtype, sort_along

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]


CHOOSING = frozenset(["lower", "higher", "nearest", "inverted_cdf", "closest_observation"])
"""The methods whose quantiles are elements, of whatever dtype."""


def _sorted_line(op: str, a: Any, axis: Any, out: Any, keep: bool = False) -> tuple[Any, Any, Axes]:
    """The operand, and its elements, as floats unless their dtype is kept, sorted along a first axis for all axes."""
    x, axes = prepared(op, a, axis, out)
    line = moveaxis(merged(x, axes), -1, 0)
    return x, sort_along(line if keep else asarray(line, float_dtype(x.dtype)), axis=0), axes


def _or_nan(value: Any, line: Any) -> Any:
    """The value, NaN where the line has one, which sorting moves to its end."""
    return where(isnan(line[-1]), math.nan, value)


def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """`numpy.median`: medians, of an even number of elements the mean of the middle two; NaN where an element is."""
    x, line, axes = _sorted_line("median", a, axis, out)
    n = line.shape[0]
    if not n:  # the mean of nothing, as in NumPy
        value = full_like(sum(line, 0), math.nan)
        return spread(value, x, axes) if keepdims else value
    value = _or_nan(line[n // 2] if n % 2 else (line[n // 2 - 1] + line[n // 2]) * 0.5, line)
    return spread(value, x, axes) if keepdims else value


def _places(n: int, shares: Any, method: str) -> Any:
    """Between which of n sorted elements quantiles lie, as fractional places.

    A quantile is linear in the sorted elements, by any method, so that NumPy's own of 0, 1, ... says where it lies.
    """
    if method == "linear":
        return np.asarray(shares, np.float64) * (n - 1)
    try:
        return np.asarray(np.quantile(np.arange(float(n)), shares, method=method))  # type: ignore[call-overload]
    except ValueError:
        raise ShapeError(
            f"quantile: there is no method {method!r}", fix='use "linear", or another one of numpy.quantile'
        ) from None


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """`numpy.quantile`.

    Arguments:
        a: Var or array.
        q: plain numbers between 0 and 1, of any shape.
        axis: an int, ints, or None for all axes.
        method: "linear", or any other of NumPy's.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the quantiles, with the axes of `q` in front.
    Errors:
        ShapeError: no elements; another method.
    """
    wanted = _shares(asarray(a), q, method)
    chooses = _chooses(wanted, method)
    x, line, axes = _sorted_line("quantile", a, axis, out, keep=chooses)
    if ndim(q) and not chooses:
        line = asarray(line, np.result_type(line.dtype, wanted.dtype))
    if not line.shape[0] or (not axes and not line.size):
        raise ShapeError(
            f"quantile: the axes {axes} of the shape {shape_of(x)} hold no elements",
            fix="give at least one element, or other axes",
        )
    place = _places(line.shape[0], wanted, method)
    low = np.floor(place).astype(np.intp)
    if chooses:
        value = line[low] if line.dtype.kind != "f" else _or_nan(line[low], line)
        return reshape(value, wanted.shape + kept(shape_of(x), axes)) if keepdims else value
    share = (place - low).astype(line.dtype).reshape(low.shape + (1,) * (ndim(line) - 1))
    lower, upper = line[low], line[np.minimum(low + 1, line.shape[0] - 1)]
    value = _or_nan(lower + (upper - lower) * share, line)
    return reshape(value, wanted.shape + kept(shape_of(x), axes)) if keepdims else value


def _shares(x: Any, q: Any, method: str) -> Any:
    """The shares that quantiles are asked of, or an error where there are none of the array's elements.

    Errors:
        GraphTypeError: booleans and complex numbers, which have no quantiles.
        ShapeError: a share that is not between 0 and 1, which is a ValueError in NumPy too.
    """
    if x.dtype.kind == "c" or (x.dtype.kind == "b" and not _chooses(np.asarray(q), method)):
        raise GraphTypeError(f"quantile does not take {x.dtype}", fix="take real numbers, as x.astype(float) or abs(x)")
    return _in_range(q)


def _chooses(shares: Any, method: str) -> bool:
    """Whether quantiles are elements, of whatever dtype: by the method, or as the shares are the integers 0 and 1."""
    return method in CHOOSING or (method == "linear" and shares.dtype.kind in "biu")


def _in_range(q: Any) -> Any:
    """Shares as an array; a ShapeError, which is NumPy's ValueError, where one is not between 0 and 1."""
    shares = np.asarray(q)
    if not np.all((shares >= 0) & (shares <= 1)):
        raise ShapeError(f"quantile: {q} is not between 0 and 1", fix="give shares, or percentages to percentile")
    return shares


def percentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.percentile`: `quantile` of q / 100."""
    return quantile(a, _of_hundred(q), *args, **kwargs)


def _of_hundred(q: Any) -> Any:
    """Shares for percentages: an array of float64, or a number of Python's."""
    return np.true_divide(q, np.float64(100)) if ndim(q) else float(np.true_divide(q, 100))


# NaN taken for a number that does not count: how many elements do is known when it runs, and where quantiles lie is
# read from a table, one row for each number of elements.


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """`numpy.nanquantile`: `quantile` of the elements that are not NaN, NaN where there are none."""
    some = math.prod(shape_of(asarray(a))) > 0
    if some and asarray(a).dtype.kind != "f":
        return quantile(a, q, axis, out, overwrite_input, method, keepdims)
    wanted = _shares(asarray(a), q, method) if some else _in_range(q)
    x, line, axes = _sorted_line("nanquantile", a, axis, out)
    line = asarray(line, np.result_type(line.dtype, wanted.dtype)) if ndim(q) and wanted.dtype.kind == "f" else line
    value = _of_present(line, wanted, method) if some else _nothing(line, wanted)
    return reshape(value, wanted.shape + kept(shape_of(x), axes)) if keepdims else value


def _nothing(line: Any, wanted: Any) -> Any:
    """NaN, in the shape of quantiles."""
    return broadcast_to(full_like(sum(line, 0), math.nan), wanted.shape + shape_of(line)[1:])


def _of_present(line: Any, wanted: Any, method: str) -> Any:
    """The quantiles of the elements of sorted lines that are not NaN."""
    n = line.shape[0]
    present = sum(logical_not(isnan(line)), 0)
    table = np.stack([np.zeros(wanted.shape), *(_places(k, wanted, method) for k in range(1, n + 1))])
    rest = shape_of(line)[1:]
    places = (
        moveaxis(getitem(table, asarray(present)), range(len(rest)), range(-len(rest), 0)) if rest else table[present]
    )
    low = cast(floor(places), dtype="int64")
    share = cast(places - low, dtype=line.dtype.name)
    others = tuple(np.arange(m).reshape((-1,) + (1,) * (len(rest) - 1 - i)) for i, m in enumerate(rest))
    upper = minimum(low + 1, maximum(present - 1, 0))
    lower, higher = getitem(line, (low, *others)), getitem(line, (upper, *others))
    return lower + (higher - lower) * share


def nanpercentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.nanpercentile`: `nanquantile` of q / 100."""
    return nanquantile(a, _of_hundred(q), *args, **kwargs)


def nanmedian(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """`numpy.nanmedian`: the median of the elements that are not NaN, NaN where there are none."""
    if not math.prod(shape_of(asarray(a))) or asarray(a).dtype.kind in "biu":
        return median(a, axis, out, overwrite_input, keepdims)
    return nanquantile(a, 0.5, axis, out, overwrite_input, "linear", keepdims)
