"""Reductions: sums, means, products, variances, extremes, and whether and where there is something.

The primitives take `axes`, counted from the left, and `keepdims`; the functions below them have NumPy's names and
signatures. Ties share the cotangent of max and min equally; the derivative of a standard deviation is 0 where it is 0.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.shapes import asarray, broadcast_to, many_axes, ndim, one_axis, refuse_out, reshape, shape_of, transpose
from ..core.costs import PerElement
from ..core.op import Kind, Op
from ..core.types import NumericType, Shape, ValueType, numeric, value_type
from ..elementwise.arithmetic import ratio, scale
from ..elementwise.comparison import equal, not_equal
from ..elementwise.complex_parts import conjugate
from ..elementwise.conversion import cast
from .running import DtypeRule, cumprod_along, fixed_dtype, float_dtype, real_dtype, same_dtype, shift, summed_dtype

Axes = tuple[int, ...]

# Shapes and types.


def kept(shape: Shape, axes: Axes) -> Shape:
    """A shape with the length of each of the axes made 1, as `keepdims=True` leaves it."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def without(shape: Shape, axes: Axes) -> Shape:
    """A shape without some axes."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def count(shape: Shape, axes: Axes) -> int:
    """The number of elements along some axes."""
    return math.prod(shape[i] for i in axes)


def spread(y: Any, x: Any, axes: Axes) -> Any:
    """The result of a reduction of x, or its cotangent, as an array that broadcasts with x."""
    return reshape(y, kept(shape_of(x), axes))


def _reduced_type(name: str, dtype: DtypeRule, empty: bool, x: ValueType[Any], **params: Any) -> NumericType[Any]:
    (t,) = numeric(name, x)
    axes, result = params["axes"], without(t.shape, params["axes"])
    if not empty and not count(t.shape, axes) and 0 not in result:
        raise ShapeError(
            f"{name}: the axes {axes} of the shape {t.shape} hold no elements, and {name} of none has no value",
            fix="give at least one element, or other axes",
        )
    return value_type(kept(t.shape, axes) if params["keepdims"] else result, dtype(t.dtype))


def reduction(
    name: str,
    dtype: DtypeRule,
    compute: Callable[..., Any],
    vjp: Callable[..., Any] | None = None,
    kind: Kind = Kind.PLAIN,
    empty: bool = True,
    flops: PerElement | None = None,
    home: str = __name__,
) -> Op:
    """The op of a reduction.

    Arguments:
        name: the attribute of the module `home` that holds the op, "reduce_" and NumPy's name.
        dtype: from the dtype of the operand to that of the result.
        compute: (x, *, axes, keepdims, ...) -> result.
        vjp: the rule.
        kind: INTO where `compute` takes `out` as its second argument.
        empty: whether there is a result of no elements.
        flops: the operations; None for one for each element of the operand.
        home: the module.
    Returns:
        the op.
    """
    infer = partial(_reduced_type, name.removeprefix("reduce_"), dtype, empty)
    return Op(name, infer, compute, vjp, kind, flops, home)


def fold(ufunc: Any, x: Any, out: Any = None, *, axes: Axes, keepdims: bool, dtype: Any = None) -> Any:
    """`ufunc.reduce` along some axes."""
    return ufunc.reduce(x, axes, dtype, out, keepdims)


# Sums and means.


def _sum_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    return broadcast_to(spread(g, x, axes), shape_of(x))


reduce_sum: Op = reduction("reduce_sum", summed_dtype, partial(fold, np.add), _sum_vjp, Kind.INTO)


def _mean(x: Any, out: Any = None, *, axes: Axes, keepdims: bool) -> Any:
    total = fold(np.add, x, out, axes=axes, keepdims=keepdims, dtype=float_dtype(np.asarray(x).dtype))
    return np.divide(total, total.dtype.type(count(np.shape(x), axes)), out)


def _mean_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    share = 1.0 / builtins.max(1, count(shape_of(x), axes))
    return broadcast_to(spread(g * share, x, axes), shape_of(x))


reduce_mean: Op = reduction("reduce_mean", float_dtype, _mean, _mean_vjp, Kind.INTO)


def _deviations(x: Any, axes: Axes) -> Any:
    return conjugate(x - reduce_mean(x, axes=axes, keepdims=True))


def _var_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool, ddof: float) -> Any:
    freedom = count(shape_of(x), axes) - ddof
    return spread(g, x, axes) * (2.0 / freedom if freedom > 0 else math.nan) * _deviations(x, axes)


def _std_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool, ddof: float) -> Any:
    freedom = builtins.max(0, count(shape_of(x), axes) - ddof)
    return ratio(spread(g, x, axes) * _deviations(x, axes), spread(out, x, axes) * freedom)


reduce_var: Op = reduction(
    "reduce_var", real_dtype, lambda x, *, axes, keepdims, ddof: np.var(x, axes, ddof=ddof, keepdims=keepdims), _var_vjp
)
reduce_std: Op = reduction(
    "reduce_std", real_dtype, lambda x, *, axes, keepdims, ddof: np.std(x, axes, ddof=ddof, keepdims=keepdims), _std_vjp
)

# Extremes.


def _extreme_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    hits = cast(equal(x, spread(out, x, axes)), dtype=x.dtype.name)
    return ratio(scale(spread(g, x, axes), hits), reduce_sum(hits, axes=axes, keepdims=True))


reduce_max: Op = reduction(
    "reduce_max",
    same_dtype,
    partial(fold, np.maximum),
    _extreme_vjp,
    Kind.INTO,
    empty=False,
)
reduce_min: Op = reduction(
    "reduce_min",
    same_dtype,
    partial(fold, np.minimum),
    _extreme_vjp,
    Kind.INTO,
    empty=False,
)

# Products. The rule does not divide by x, so that all derivatives are exact where x is 0.


def merged(x: Any, axes: Axes) -> Any:
    """`x` with some axes merged into one, the last."""
    rest = tuple(i for i in range(ndim(x)) if i not in axes)
    moved = transpose(x, rest + axes)
    return reshape(moved, (*moved.shape[: len(rest)], count(shape_of(x), axes)))


def _unmerged(y: Any, x: Any, axes: Axes) -> Any:
    order = (*(i for i in range(ndim(x)) if i not in axes), *axes)
    moved = reshape(y, tuple(shape_of(x)[i] for i in order))
    return transpose(moved, tuple(sorted(range(len(order)), key=order.__getitem__)))


def _prod_vjp(g: Any, out: Any, x: Any, *, axes: Axes, keepdims: bool) -> Any:
    line = merged(x, axes)
    axis = ndim(line) - 1
    before = shift(cumprod_along(line, axis=axis, reverse=False), axis=axis, by=1, fill=1)
    after = shift(cumprod_along(line, axis=axis, reverse=True), axis=axis, by=-1, fill=1)
    return spread(g, x, axes) * _unmerged(before * after, x, axes)


reduce_prod: Op = reduction("reduce_prod", summed_dtype, partial(fold, np.multiply), _prod_vjp, Kind.INTO)

# Booleans and positions, which have no cotangent.

reduce_all: Op = reduction("reduce_all", fixed_dtype("bool"), partial(fold, np.logical_and))
reduce_any: Op = reduction("reduce_any", fixed_dtype("bool"), partial(fold, np.logical_or))


def _position_type(name: str, x: ValueType[Any], *, axis: int | None, keepdims: bool) -> NumericType[Any]:
    axes = tuple(range(numeric(name, x)[0].ndim)) if axis is None else (axis,)
    return _reduced_type(name, fixed_dtype("intp"), False, x, axes=axes, keepdims=keepdims)


position_of_max: Op = Op(
    "position_of_max",
    partial(_position_type, "argmax"),
    lambda x, *, axis, keepdims: np.argmax(x, axis, keepdims=keepdims),
    home=__name__,
)
position_of_min: Op = Op(
    "position_of_min",
    partial(_position_type, "argmin"),
    lambda x, *, axis, keepdims: np.argmin(x, axis, keepdims=keepdims),
    home=__name__,
)

# The functions of NumPy and SciPy.


def prepared(
    op: str, a: Any, axis: Any, out: Any = None, unsupported: Any = None, dtype: Any = None
) -> tuple[Any, Axes]:
    """The operand of a function, as `dtype`, and its axes counted from the left; refuses what is not supported."""
    refuse_out(op, out)
    if unsupported:
        raise GraphTypeError(
            f"{op}: the argument {', '.join(unsupported)} is not supported", fix="use numpy.where on the operand"
        )
    x = asarray(a, dtype)
    return x, tuple(range(ndim(x))) if axis is None else many_axes(op, axis, ndim(x))


def sum(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any
) -> Any:
    """`numpy.sum`.

    Arguments:
        a: Var or array.
        axis: an int, ints, or None for all axes.
        dtype: dtype to sum in.
        keepdims: whether the axes stay, with length 1.
    Returns:
        the sums; small integers and booleans are summed as int64.
    Errors:
        GraphTypeError: `out`, `where` or `initial` given. All functions below refuse what they do not support so.
    """
    x, axes = prepared("sum", a, axis, out, unsupported, dtype)
    return reduce_sum(x, axes=axes, keepdims=bool(keepdims))


def prod(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any
) -> Any:
    """`numpy.prod`: products, their derivatives exact where elements are 0 too; the arguments are those of `sum`."""
    x, axes = prepared("prod", a, axis, out, unsupported, dtype)
    return reduce_prod(x, axes=axes, keepdims=bool(keepdims))


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any
) -> Any:
    """`numpy.mean`: means; the arguments are those of `sum`."""
    x, axes = prepared("mean", a, axis, out, unsupported, dtype)
    return reduce_mean(x, axes=axes, keepdims=bool(keepdims))


def max(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.max`: maxima; elements that tie share the cotangent equally.

    Errors:
        ShapeError: no elements to choose from.
    """
    x, axes = prepared("max", a, axis, out, unsupported)
    return reduce_max(x, axes=axes, keepdims=bool(keepdims))


def min(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.min`: minima; elements that tie share the cotangent equally.

    Errors:
        ShapeError: no elements to choose from.
    """
    x, axes = prepared("min", a, axis, out, unsupported)
    return reduce_min(x, axes=axes, keepdims=bool(keepdims))


def ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """`numpy.ptp`: maxima minus minima."""
    return max(a, axis, out, keepdims) - min(a, axis, out, keepdims)


def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    **unsupported: Any,
) -> Any:
    """`numpy.var`: mean squared distances from the mean; the count is lessened by `ddof`, also called `correction`."""
    x, axes = prepared("var", a, axis, out, unsupported, dtype)
    return reduce_var(x, axes=axes, keepdims=bool(keepdims), ddof=ddof if correction is None else correction)


def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    **unsupported: Any,
) -> Any:
    """`numpy.std`: the root of `var`; its derivative is 0 where all elements are equal."""
    x, axes = prepared("std", a, axis, out, unsupported, dtype)
    return reduce_std(x, axes=axes, keepdims=bool(keepdims), ddof=ddof if correction is None else correction)


def all(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.all`: whether all elements are true."""
    x, axes = prepared("all", a, axis, out, unsupported)
    return reduce_all(x, axes=axes, keepdims=bool(keepdims))


def any(a: Any, axis: Any = None, out: None = None, keepdims: bool = False, **unsupported: Any) -> Any:
    """`numpy.any`: whether some element is true."""
    x, axes = prepared("any", a, axis, out, unsupported)
    return reduce_any(x, axes=axes, keepdims=bool(keepdims))


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """`numpy.count_nonzero`: the number of elements that are not 0."""
    return sum(not_equal(asarray(a), 0), axis, keepdims=keepdims)


def argmax(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.argmax`: the position of the first maximum along an axis, or in the flat array."""
    x, _ = prepared("argmax", a, axis, out)
    return position_of_max(x, axis=None if axis is None else one_axis("argmax", axis, ndim(x)), keepdims=bool(keepdims))


def argmin(a: Any, axis: int | None = None, out: None = None, *, keepdims: bool = False) -> Any:
    """`numpy.argmin`: the position of the first minimum along an axis, or in the flat array."""
    x, _ = prepared("argmin", a, axis, out)
    return position_of_min(x, axis=None if axis is None else one_axis("argmin", axis, ndim(x)), keepdims=bool(keepdims))


amax, amin = max, min
