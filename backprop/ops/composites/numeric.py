"""Numerical functions made of other ops: differences, interpolation, convolution, polynomials, ranges, covariances.

The one primitive is `insertion_points`, whose result has no cotangent.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..arrays.arrangement import diff, take_diagonal
from ..arrays.indexing import getitem, scatter_add
from ..arrays.shapes import (
    along,
    asarray,
    atleast_2d,
    broadcast_to,
    concatenate,
    expand_dims,
    is_traced,
    many_axes,
    moveaxis,
    ndim,
    one_axis,
    ravel,
    reshape,
    stack,
    zeros_like,
)
from ..core.op import Op
from ..core.types import NumericType, ValueType, numeric, value_type
from ..elementwise.arithmetic import abs, remainder
from ..elementwise.comparison import equal, isnan, logical_and
from ..elementwise.exponential import exp, log
from ..elementwise.powers import pow_static, power, sqrt
from ..elementwise.selection import maximum, minimum, where
from ..linear_algebra.matrices import lstsq
from ..linear_algebra.products import adjoint, conjugated, matmul
from ..reductions.reductions import mean, sum
from ..reductions.running import argsort, cumprod, cumsum, sort

# Differences.


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`numpy.ediff1d`: differences of neighbours in the flat array, between `to_begin` and `to_end`."""
    parts = (to_begin, diff(ravel(ary)), to_end)
    return concatenate([ravel(part) for part in parts if part is not None])


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
        ShapeError: too few elements along an axis, or distances that do not fit.
    """
    x = asarray(f)
    axes = many_axes("gradient", range(len(x.shape)) if axis is None else axis, len(x.shape))
    steps = list(varargs) if varargs else [1.0]
    if len(steps) == 1:
        steps *= len(axes)
    if len(steps) != len(axes):
        raise ShapeError(
            f"gradient: {len(steps)} distances for {len(axes)} axes", fix="give one distance, or one for each axis"
        )
    slopes = [_slope(x, step, i, edge_order) for step, i in zip(steps, axes, strict=True)]
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


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """`numpy.digitize`: the number of the bin of each element; Vars as `bins` have to ascend."""
    edges = asarray(bins)
    side = "left" if right else "right"
    if not is_traced(edges) and len(edges) > 1 and edges[0] > edges[-1]:
        return len(edges) - searchsorted(edges[::-1], x, side)
    return searchsorted(edges, x, side)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: None = None) -> Any:
    """`numpy.interp`: the piecewise linear function through the points (xp, fp).

    Arguments:
        x: where to take it.
        xp: vector (n,), ascending.
        fp: vector (n,).
        left, right: the values before the first and after the last point; None means those of the points.
        period: None.
    Returns:
        the values, differentiable by `x`, `xp`, `fp`, `left` and `right`; the slope at a point is that on its right.
    Errors:
        GraphTypeError: `period` given.
    """
    if period is not None:
        raise GraphTypeError("interp: there is no `period` here", fix="reduce x with numpy.mod and extend the points")
    at, xs, ys = asarray(x), asarray(xp), asarray(fp)
    i = minimum(maximum(searchsorted(xs, at, "right") - 1, 0), max(0, xs.shape[0] - 2))
    value = getitem(ys, i)
    if xs.shape[0] > 1:
        value = value + (at - getitem(xs, i)) * getitem(diff(ys) / diff(xs), i)
    value = where(at < xs[0], ys[0] if left is None else left, value)
    return where(at > xs[-1], ys[-1] if right is None else right, where(equal(at, xs[-1]), ys[-1], value))


# Convolution.


def _convolution_type(a: ValueType[Any], v: ValueType[Any]) -> NumericType[Any]:
    s, t = numeric("convolve", a, v)
    if s.ndim != 1 or t.ndim != 1 or not s.size or not t.size:
        raise ShapeError(
            f"convolve takes vectors with elements, not the shapes {s.shape} and {t.shape}",
            fix="ravel the operands, and give at least one element",
        )
    return value_type((s.size + t.size - 1,), np.result_type(s.dtype, t.dtype))


def _convolution_vjp(g: Any, out: Any, a: Any, v: Any) -> tuple[Any, Any]:
    m, n = a.shape[0], v.shape[0]
    return convolution(g, v[::-1])[n - 1 : n - 1 + m], convolution(g, a[::-1])[m - 1 : m - 1 + n]


convolution: Op = Op(
    "convolution",
    _convolution_type,
    lambda a, v: np.convolve(a, v),
    _convolution_vjp,
    flops=lambda a, v, out: 2.0 * a.size * v.size,
    home=__name__,
)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """`numpy.convolve`: the convolution of two vectors.

    Arguments:
        a, v: vectors (m,) and (n,).
        mode: "full" for m + n - 1 elements, "same" for max(m, n), "valid" for those where the vectors overlap wholly.
    Returns:
        the convolution.
    Errors:
        ShapeError: no vectors.
    """
    x, y = ravel(a), ravel(v)
    short, long = sorted((x.shape[0], y.shape[0]))
    starts = {"full": (0, short + long - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}
    start, length = starts[mode]
    return convolution(x, y)[start : start + length]


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """`numpy.correlate`: the convolution of `a` with the reversed conjugate of `v`."""
    x, y = ravel(a), conjugated(ravel(v))[::-1]
    if mode != "same" or x.shape[0] >= y.shape[0]:
        return convolve(x, y, mode)
    m, n = x.shape[0], y.shape[0]
    return convolution(x, y)[m // 2 : m // 2 + n]


# Polynomials, coefficients from the highest power down.


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`numpy.vander`: the matrix of the powers of a vector, one a column, from N - 1 down to 0, or up."""
    column = ravel(x)
    powers = range(column.shape[0] if N is None else N)
    return stack([pow_static(column, i) for i in (powers if increasing else reversed(powers))], 1)


def polyval(p: Any, x: Any) -> Any:
    """`numpy.polyval`: the polynomial with coefficients `p` at `x`, by Horner's scheme."""
    coefficients, at = ravel(p), asarray(x)
    value = zeros_like(at)
    for i in range(coefficients.shape[0]):
        value = value * at + coefficients[i]
    return value


def polyadd(a1: Any, a2: Any) -> Any:
    """`numpy.polyadd`: the sum of two polynomials."""
    p, q = ravel(a1), ravel(a2)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) + _longer(q, n)


def polysub(a1: Any, a2: Any) -> Any:
    """`numpy.polysub`: the difference of two polynomials."""
    p, q = ravel(a1), ravel(a2)
    n = max(p.shape[0], q.shape[0])
    return _longer(p, n) - _longer(q, n)


def _longer(p: Any, n: int) -> Any:
    return concatenate([np.zeros(n - p.shape[0], p.dtype), p]) if n > p.shape[0] else p


def polymul(a1: Any, a2: Any) -> Any:
    """`numpy.polymul`: the product of two polynomials."""
    return convolve(a1, a2)


def polyder(p: Any, m: int = 1) -> Any:
    """`numpy.polyder`: the m-th derivative of a polynomial."""
    q = ravel(p)
    for _ in range(m):
        q = q[:-1] * np.arange(q.shape[0] - 1, 0, -1).astype(q.dtype)
    return q


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`numpy.polyint`: the m-th antiderivative of a polynomial, with the constants `k`, by default 0."""
    q = ravel(p)
    constants = [0.0] * m if k is None else [k] * m if ndim(k) == 0 else k
    for i in range(m):
        new = reshape(asarray(constants[i], q.dtype), (1,))
        q = concatenate([q / np.arange(q.shape[0], 0, -1).astype(q.dtype), new])
    return q


def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: bool = False
) -> Any:
    """`numpy.polyfit`: the coefficients of the polynomial of a degree that fits the points best in least squares.

    Arguments:
        x: vector (m,).
        y: vector (m,), or matrix (m, k) for k polynomials.
        deg: degree.
        rcond: which singular values count as zero, relative to the largest; by default m eps.
        full, cov: False.
        w: weights (m,) of the distances, not squared.
    Returns:
        coefficients (deg + 1,) or (deg + 1, k).
    Errors:
        GraphTypeError: `full` or `cov` given.
    """
    if full or cov:
        raise GraphTypeError("polyfit: there is no full= or cov= here", fix="use numpy.linalg.lstsq of numpy.vander")
    points, values = asarray(x), asarray(y)
    matrix = vander(points, deg + 1)
    if w is not None:
        matrix = matrix * expand_dims(w, 1)
        values = values * (w if len(values.shape) == 1 else expand_dims(w, 1))
    scale = sqrt(sum(matrix * matrix, 0))
    limit = points.shape[0] * float(np.finfo(points.dtype).eps) if rcond is None else rcond
    solution = lstsq(matrix / scale, values, limit)[0]
    return solution / (scale if len(solution.shape) == 1 else expand_dims(scale, 1))


def poly(seq_of_zeros: Any) -> Any:
    """`numpy.poly`: the coefficients of the polynomial with leading coefficient 1 and the zeros in a vector."""
    zeros = ravel(seq_of_zeros)
    p = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        p = convolve(p, stack([np.ones((), zeros.dtype), -zeros[i]]))
    return p


# Ranges.


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`numpy.linspace`: `num` values from `start` to `stop`, along a new axis; with `retstep` also their distance."""
    first, last = asarray(start), asarray(stop)
    parts = max(1, num - 1 if endpoint else num)
    wanted = np.result_type(first.dtype, last.dtype, np.float64 if first.dtype.kind in "biu" else first.dtype)
    shares = (np.arange(num) / parts).astype(wanted).reshape((num,) + (1,) * len((first + last).shape))
    values = first * (1 - shares) + last * shares
    result = asarray(moveaxis(values, 0, axis), dtype)
    return (result, (last - first) / parts) if retstep else result


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`numpy.logspace`: powers of a base, the exponents from `start` to `stop`."""
    return asarray(power(base, linspace(start, stop, num, endpoint, axis=axis)), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`numpy.geomspace`: `num` values from `start` to `stop`, each the same multiple of the one before."""
    first = asarray(start)
    shares = linspace(zeros_like(first), log(asarray(stop) / first), num, endpoint, axis=axis)
    return asarray(exp(shares) * (expand_dims(first, axis) if len(first.shape) else first), dtype)


# Statistics of several variables, and running sums.


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """`numpy.cov`: the covariance matrix of variables, one a row, or one a column with `rowvar` False.

    Arguments:
        m: vector (n,), or matrix of n observations.
        y: further variables like `m`.
        rowvar: whether rows are variables.
        bias: whether to divide by n, not by n - 1.
        ddof: divides by n - ddof; None goes by `bias`.
        fweights: how often each observation counts (n,).
        aweights: the weights of the observations (n,).
        dtype: dtype of the result; None promotes.
    Returns:
        the matrix; a number for one variable.
    """
    rows = [_variables(asarray(x, dtype), rowvar) for x in (m, y) if x is not None]
    x = concatenate(rows) if len(rows) > 1 else rows[0]
    lost = ddof if ddof is not None else 0 if bias else 1
    if fweights is None and aweights is None:
        centred = x - mean(x, 1, keepdims=True)
        matrix = matmul(centred, adjoint(centred)) / float(x.shape[1] - lost)
    else:
        matrix = _weighted_cov(x, lost, fweights, 1.0 if aweights is None else aweights)
    return reshape(matrix, ()) if matrix.shape == (1, 1) else matrix


def _weighted_cov(x: Any, lost: int, fweights: Any, aweights: Any) -> Any:
    w = aweights if fweights is None else asarray(fweights, x.dtype) * aweights
    total = sum(w)
    centred = x - expand_dims(sum(x * w, 1), 1) / total
    return matmul(centred * w, adjoint(centred)) / (total - lost * sum(w * aweights) / total)


def _variables(x: Any, rowvar: bool) -> Any:
    return atleast_2d(x) if rowvar or len(x.shape) < 2 else x.T


def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """`numpy.corrcoef`: the correlation matrix of variables, given as for `cov`."""
    matrix = cov(x, y, rowvar)
    if not matrix.shape:
        return matrix / matrix
    spread = sqrt(take_diagonal(matrix, offset=0))
    return matrix / expand_dims(spread, 1) / spread


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


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """`numpy.bincount`: the sums of the weights of each number in a plain vector `x` of integers.

    Errors:
        GraphTypeError: a Var as `x`, on whose values the length of the result would depend.
    """
    if is_traced(x):
        raise GraphTypeError(
            "bincount: the length of the result depends on the values of a Var",
            fix="use backprop.ops.at_add(numpy.zeros(n), x, weights)",
        )
    places = np.asarray(x)
    length = max(minlength, int(places.max(initial=-1)) + 1)
    if weights is None:
        return np.bincount(places, minlength=minlength)
    return scatter_add(asarray(weights), places, shape=(length,), key=("array",), unique=False)


def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """`numpy.partition`: the sorted array, which is partitioned at each `kth`."""
    return sort(a, axis)


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    """`numpy.argpartition`: the order that sorts, and so partitions at each `kth`."""
    return argsort(a, axis)


# Functions of functions.


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """`numpy.apply_over_axes`: a reduction `func(x, axis)` over one axis after the other, each kept with length 1."""
    x = asarray(a)
    for axis in (axes,) if isinstance(axes, int) else axes:
        y = func(x, axis)
        x = y if len(y.shape) == len(x.shape) else expand_dims(y, axis)
    return x


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.apply_along_axis`: a function of each vector along an axis; its results take the place of the axis."""
    x = moveaxis(arr, axis, -1)
    rows = reshape(x, (-1, x.shape[-1]))
    results = stack([asarray(func1d(rows[i], *args, **kwargs)) for i in range(rows.shape[0])])
    shape = reshape(results, x.shape[:-1] + results.shape[1:])
    moved = tuple(range(len(x.shape) - 1, len(shape.shape)))
    start = one_axis("apply_along_axis", axis, len(x.shape))
    return moveaxis(shape, moved, tuple(range(start, start + len(moved))))


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """`numpy.piecewise`: for each element the function, or number, of the last condition that holds there.

    Arguments:
        x: array.
        condlist: conditions, or one.
        funclist: as many functions or numbers, and perhaps one more for where none holds; else that is 0.
        args, kw: further arguments of the functions, each of which is called with the whole of `x`.
    Returns:
        an array like `x`.
    """
    array = asarray(x)
    conditions = list(condlist) if isinstance(condlist, list | tuple) or ndim(condlist) > ndim(x) else [condlist]
    pieces = list(funclist)
    default = pieces.pop() if len(pieces) == len(conditions) + 1 else 0
    result = broadcast_to(asarray(_piece(default, array, args, kw), array.dtype), array.shape)
    for condition, piece in zip(conditions, pieces, strict=True):
        result = where(condition, asarray(_piece(piece, array, args, kw), array.dtype), result)
    return result


def _piece(piece: Any, x: Any, args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
    return piece(x, *args, **kw) if callable(piece) else piece
