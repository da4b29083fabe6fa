"""Reductions: sums, means, products and extremes.

The primitives take `axes`, counted from the left, and `keepdims`; the functions below them have NumPy's names and
signatures. Ties share the cotangent of max and min equally.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import builtins
import math
from functools import partial
from typing import Any

import numpy as np

from ..arrays.arguments import shape_of
from ..arrays.as_array import asarray, ndim
from ..arrays.views import broadcast_to
from ..core.batching import ELEMENTWISE
from ..core.op import Kind, Op
from ..core.rows import reduced_by
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.arithmetic import add, ldexp, multiply
from ..elementwise.conversion import cast
from ..elementwise.masking import attains, cornered, masked, over
from ..elementwise.selection import maximum, minimum, where
from ..elementwise.ufunc import constant
from .making import Axes, count, fold, merged, prepared, reduction, spread, unmerged
from .running import cumprod_along, float_dtype, same_dtype, shift, summed_dtype
from .selected import chosen, started

__all__ = ["amax", "amin", "max", "mean", "min", "prod", "ptp", "sum"]

# Sums and means.


def _sum_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    return broadcast_to(spread(g, x, axes), shape_of(x))


reduce_sum: Op = reduction("reduce_sum", summed_dtype, partial(fold, np.add), _sum_vjp, Kind.INTO, rows=reduced_by(add))


def _mean(x: Any, out: Any = None, *, axes: Axes, keepdims: bool) -> Any:
    total = fold(np.add, x, out, axes=axes, keepdims=keepdims, dtype=float_dtype(np.asarray(x).dtype))
    return np.divide(total, total.dtype.type(count(np.shape(x), axes)), out)


def _mean_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    share = 1.0 / builtins.max(1, count(shape_of(x), axes))
    return broadcast_to(spread(g * share, x, axes), shape_of(x))


reduce_mean: Op = reduction(
    "reduce_mean", float_dtype, _mean, _mean_vjp, Kind.INTO, rows=reduced_by(add, reduce_sum, "fc")
)


# Extremes.


def _extreme_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    extreme = spread(out, x, axes)
    hits = attains(x, extreme)
    ties = reduce_sum(cast(hits, dtype=x.dtype.name), axes=axes, keepdims=True)
    share = broadcast_to(over(spread(g, x, axes), ties), shape_of(x))
    return masked(cornered(share, x, where(ties > 1, extreme, math.nan)), hits)


reduce_max: Op = reduction(
    "reduce_max",
    same_dtype,
    partial(fold, np.maximum),
    _extreme_vjp,
    Kind.INTO,
    empty=False,
    rows=reduced_by(maximum),
)
reduce_min: Op = reduction(
    "reduce_min",
    same_dtype,
    partial(fold, np.minimum),
    _extreme_vjp,
    Kind.INTO,
    empty=False,
    rows=reduced_by(minimum),
)


def _exponents_type(x: ValueType[Any]) -> NumericType[Any]:
    (t,) = numeric("exponents", x)
    return value_type(t.shape, np.dtype("int64"))


# The exponents of numbers, as frexp finds them: x = m * 2**e with m from 1/2 to 1.
exponents: Op = Op(
    "exponents",
    _exponents_type,
    lambda x: np.frexp(x)[1].astype(np.int64)[()],
    constant,
    home=__name__,
    batch=ELEMENTWISE,
)


def _others(line: Any, axis: int) -> Any:
    """The product of the other elements of each row: of mantissas and exponents apart, so that none overflows early."""
    e = exponents(line)
    m = ldexp(line, -e)
    before = shift(cumprod_along(m, axis=axis, reverse=False), axis=axis, by=1, fill=1)
    after = shift(cumprod_along(m, axis=axis, reverse=True), axis=axis, by=-1, fill=1)
    return ldexp(before * after, reduce_sum(e, axes=(axis,), keepdims=True) - e)


def _prod_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    line = merged(x, axes)
    axis = ndim(line) - 1
    if line.dtype.kind == "f":
        return spread(g, x, axes) * unmerged(_others(line, axis), x, axes)
    before = shift(cumprod_along(line, axis=axis, reverse=False), axis=axis, by=1, fill=1)
    after = shift(cumprod_along(line, axis=axis, reverse=True), axis=axis, by=-1, fill=1)
    return spread(g, x, axes) * unmerged(before * after, x, axes)


reduce_prod: Op = reduction(
    "reduce_prod", summed_dtype, partial(fold, np.multiply), _prod_vjp, Kind.INTO, rows=reduced_by(multiply)
)


def sum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **options: Any) -> Any:
    """`numpy.sum`.

    Arguments:
        a: Var or array.
        axis: an int, ints, or None for all axes.
        dtype: dtype to sum in.
        keepdims: whether the axes stay, with length 1.
        options: `where`, booleans, which elements count; `initial`, what the sum starts from.
    Returns:
        the sums; small integers and booleans are summed as int64.
    Errors:
        GraphTypeError: `out` given. All functions below refuse what they do not support so.
    """
    a, initial = chosen("sum", a, options)
    x, axes = prepared("sum", a, axis, out, options, dtype)
    return started("sum", reduce_sum(x, axes=axes, keepdims=bool(keepdims)), initial)


def prod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **options: Any) -> Any:
    """`numpy.prod`: products, their derivatives exact where elements are 0 too; the arguments are those of `sum`."""
    a, initial = chosen("prod", a, options)
    x, axes = prepared("prod", a, axis, out, options, dtype)
    return started("prod", reduce_prod(x, axes=axes, keepdims=bool(keepdims)), initial)


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any
) -> Any:
    """`numpy.mean`: means; the arguments are those of `sum`."""
    mask = unsupported.pop("where", True)
    if mask is not True:
        number = sum(broadcast_to(asarray(mask), shape_of(asarray(a))), axis, keepdims=keepdims)
        total = sum(a, axis, dtype or _of_mean(a), out, keepdims, where=mask)
        return asarray(total / number, total.dtype)
    x, axes = prepared("mean", a, axis, out, unsupported, dtype)
    value = reduce_mean(x, axes=axes, keepdims=bool(keepdims))
    return value if dtype is None else asarray(value, dtype)


def _of_mean(a: Any) -> Any:
    """The dtype that a mean is made in: that of the elements, or float64 of integers."""
    dtype = asarray(a).dtype
    return None if dtype.kind in "fc" else np.float64


def max(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **options: Any) -> Any:
    """`numpy.max`: maxima; elements that tie share the cotangent equally.

    Errors:
        ShapeError: no elements to choose from.
    """
    a, initial = chosen("max", a, options)
    x, axes = prepared("max", a, axis, out, options)
    return started("max", reduce_max(x, axes=axes, keepdims=bool(keepdims)), initial)


def min(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **options: Any) -> Any:
    """`numpy.min`: minima; elements that tie share the cotangent equally.

    Errors:
        ShapeError: no elements to choose from.
    """
    a, initial = chosen("min", a, options)
    x, axes = prepared("min", a, axis, out, options)
    return started("min", reduce_min(x, axes=axes, keepdims=bool(keepdims)), initial)


def ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.ptp`: maxima minus minima."""
    return max(a, axis, out, keepdims) - min(a, axis, out, keepdims)


amax, amin = max, min
