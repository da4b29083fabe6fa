"""Arranging: pad, cut, turn, repeat and join arrays, take diagonals and triangles, by NumPy's names and signatures.

The primitives pad_with, take_diagonal, put_diagonal and triangle stand first; all else chooses among them and those
of `shape`.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..core.op import Kind, Op
from ..core.types import NumericType, Shape, ValueType, array_type, numeric
from .shapes import (
    Axes,
    Ints,
    along,
    arrays_of,
    asarray,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_arrays,
    broadcast_to,
    concatenate,
    expand_dims,
    lengths_of,
    many_axes,
    moveaxis,
    ndim,
    one_axis,
    ravel,
    reshape,
    shape,
    shape_of,
    size,
    sum_to,
    swapaxes,
)

# Padding.


def _pad_type(x: ValueType[Any], *, widths: tuple[tuple[int, int], ...], value: complex) -> NumericType[Any]:
    (t,) = numeric("pad", x)
    return array_type(tuple(a + n + b for n, (a, b) in zip(t.shape, widths, strict=True)), t.dtype)


def _inside(lengths: Shape, widths: tuple[tuple[int, int], ...]) -> tuple[slice, ...]:
    return tuple(slice(a, a + n) for n, (a, _) in zip(lengths, widths, strict=True))


def _pad(x: Any, *, widths: tuple[tuple[int, int], ...], value: complex) -> Any:
    x = np.asarray(x)
    out = np.full([a + n + b for n, (a, b) in zip(x.shape, widths, strict=True)], value, x.dtype)
    out[_inside(x.shape, widths)] = x
    return out


pad_with: Op = Op(
    "pad_with",
    _pad_type,
    _pad,
    lambda g, out, x, *, widths, value: g[_inside(shape_of(x), widths)],
    home=__name__,
)


# Diagonals and triangles of the last two axes.


def _matrices(op: str, x: ValueType[Any]) -> NumericType[Any]:
    (t,) = numeric(op, x)
    if t.ndim < 2:
        raise ShapeError(f"{op}: the shape {t.shape} is not that of a matrix", fix="at least two axes are needed")
    return t


def _diagonal_length(rows: int, columns: int, offset: int) -> int:
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))


def _take_diagonal_type(x: ValueType[Any], *, offset: int) -> NumericType[Any]:
    t = _matrices("diagonal", x)
    return array_type((*t.shape[:-2], _diagonal_length(t.shape[-2], t.shape[-1], offset)), t.dtype)


take_diagonal: Op = Op(
    "take_diagonal",
    _take_diagonal_type,
    lambda x, *, offset: np.diagonal(x, offset, -2, -1),
    lambda g, out, x, *, offset: put_diagonal(g, rows=x.shape[-2], columns=x.shape[-1], offset=offset),
    Kind.VIEW,
    home=__name__,
)


def _put_diagonal_type(x: ValueType[Any], *, rows: int, columns: int, offset: int) -> NumericType[Any]:
    (t,) = numeric("put_diagonal", x)
    if t.shape[-1:] != (_diagonal_length(rows, columns, offset),):
        raise ShapeError(
            f"put_diagonal: {t.shape} is not the shape of diagonal {offset} of ({rows}, {columns})",
            fix="give as many elements as the diagonal has",
        )
    return array_type((*t.shape[:-1], rows, columns), t.dtype)


def _put_diagonal(x: Any, *, rows: int, columns: int, offset: int) -> Any:
    out = np.zeros((*x.shape[:-1], rows * columns), x.dtype)
    start = offset if offset >= 0 else -offset * columns
    out[..., start : start + x.shape[-1] * (columns + 1) : columns + 1] = x
    return out.reshape((*x.shape[:-1], rows, columns))


# The adjoint of take_diagonal.
put_diagonal: Op = Op(
    "put_diagonal",
    _put_diagonal_type,
    _put_diagonal,
    lambda g, out, x, *, rows, columns, offset: take_diagonal(g, offset=offset),
    home=__name__,
)


def _triangle_type(x: ValueType[Any], *, k: int, lower: bool) -> NumericType[Any]:
    return _matrices("tril" if lower else "triu", x)


triangle: Op = Op(
    "triangle",
    _triangle_type,
    lambda x, *, k, lower: np.tril(x, k) if lower else np.triu(x, k),
    lambda g, out, x, *, k, lower: triangle(g, k=k, lower=lower),
    home=__name__,
)


# NumPy's functions.


def _sum_axis(x: Any, axis: int) -> Any:
    rest = moveaxis(x, axis, 0)
    return sum_to(rest, shape=rest.shape[1:])


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """`numpy.unstack`: the parts of `x` along an axis, without that axis."""
    x = asarray(x)
    axis = one_axis("unstack", axis, len(x.shape))
    return tuple(along(x, axis, i) for i in range(x.shape[axis]))


def vstack(tup: Any, *, dtype: Any = None) -> Any:
    """`numpy.vstack`: arrays below one another, each with at least two axes."""
    return concatenate([atleast_2d(x) for x in arrays_of(tup)], dtype=dtype)


def hstack(tup: Any, *, dtype: Any = None) -> Any:
    """`numpy.hstack`: arrays side by side, along axis 1, or axis 0 where there is one only."""
    xs = [atleast_1d(x) for x in arrays_of(tup)]
    return concatenate(xs, min(1, len(xs[0].shape) - 1), dtype=dtype)


def dstack(tup: Any) -> Any:
    """`numpy.dstack`: arrays along axis 2, each with at least three axes."""
    return concatenate([atleast_3d(x) for x in arrays_of(tup)], 2)


def column_stack(tup: Any) -> Any:
    """`numpy.column_stack`: arrays side by side, vectors as columns."""
    return concatenate([reshape(x, (-1, 1)) if len(x.shape) < 2 else x for x in arrays_of(tup)], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`numpy.append`: `values` after `arr` along an axis; with None, the elements of both in one axis."""
    return concatenate([arr, values], axis)


def block(arrays: Any) -> Any:
    """`numpy.block`: one array from nested lists of blocks, the innermost lists along the last axis."""
    depth = _depth(arrays)
    return _block(arrays, depth, max(depth, _most_axes(arrays)))


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays), default=0) if isinstance(arrays, list) else ndim(arrays)


def _block(arrays: Any, depth: int, count: int) -> Any:
    if isinstance(arrays, list):
        return concatenate([_block(a, depth - 1, count) for a in arrays], -depth)
    return reshape(arrays, (1,) * (count - ndim(arrays)) + shape(arrays))


def split(ary: Any, indices_or_sections: Ints, axis: int = 0) -> list[Any]:
    """`numpy.split`: `ary` cut along an axis, at the given indices or into that many equal parts.

    Errors:
        ShapeError: a number of parts that does not divide the axis.
    """
    n = size(ary, axis)
    if isinstance(indices_or_sections, int) and n % indices_or_sections:
        raise ShapeError(f"split: {n} does not divide into {indices_or_sections} equal parts", fix="use array_split")
    return array_split(ary, indices_or_sections, axis)


def array_split(ary: Any, indices_or_sections: Ints, axis: int = 0) -> list[Any]:
    """`numpy.array_split`: `ary` cut along an axis, at the given indices or into that many nearly equal parts."""
    x = asarray(ary)
    axis = one_axis("array_split", axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(indices_or_sections, Iterable):
        cuts = [operator.index(i) for i in indices_or_sections]
    else:
        parts, rest = operator.index(indices_or_sections), n % operator.index(indices_or_sections)
        cuts = [i * (n // parts) + min(i, rest) for i in range(1, parts)]
    return [along(x, axis, slice(a, b)) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]


def hsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.hsplit`: `split` along axis 1, or along axis 0 of a vector."""
    return split(ary, indices_or_sections, min(1, ndim(ary) - 1))


def vsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.vsplit`: `split` along axis 0."""
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Ints) -> list[Any]:
    """`numpy.dsplit`: `split` along axis 2."""
    return split(ary, indices_or_sections, 2)


def _reversed(x: Any, axes: Axes) -> Any:
    return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(x.shape)))]


def flip(m: Any, axis: Ints | None = None) -> Any:
    """`numpy.flip`: a view of `m` with the order of elements reversed along the given axes, or along all."""
    x = asarray(m)
    return _reversed(x, tuple(range(len(x.shape))) if axis is None else many_axes("flip", axis, len(x.shape)))


def fliplr(m: Any) -> Any:
    """`numpy.fliplr`: a view of `m` (m, n, ...) with axis 1 reversed."""
    return flip(m, 1)


def flipud(m: Any) -> Any:
    """`numpy.flipud`: a view of `m` (m, ...) with axis 0 reversed."""
    return flip(m, 0)


def _roll_axis(x: Any, shift: int, axis: int) -> Any:
    n = x.shape[axis]
    cut = -shift % n if n else 0
    return concatenate([along(x, axis, slice(cut, None)), along(x, axis, slice(0, cut))], axis) if cut else x


def roll(a: Any, shift: Ints, axis: Ints | None = None) -> Any:
    """`numpy.roll`: the elements moved on by `shift` places along each given axis, and round its end."""
    x = asarray(a)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    for by, to in zip(*np.broadcast_arrays(*np.atleast_1d(shift, axis)), strict=True):
        x = _roll_axis(x, int(by), one_axis("roll", to, len(x.shape)))
    return x


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """`numpy.rot90`: `m` turned by k quarters from the first of the two axes towards the second."""
    x = asarray(m)
    first, second = many_axes("rot90", axes, len(x.shape))
    if k % 4 == 2:
        return flip(x, (first, second))
    turned = swapaxes(x, first, second) if k % 2 else x
    return flip(turned, first) if k % 4 == 1 else flip(turned, second) if k % 4 == 3 else turned


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """`numpy.repeat`.

    Arguments:
        a: array.
        repeats: how often to repeat each element: an int, or plain ints, one for each element of the axis.
        axis: None repeats the elements of the flat array.
    Returns:
        `a` with each element repeated along the axis.
    """
    x, axis = (ravel(a), 0) if axis is None else (asarray(a), one_axis("repeat", axis, ndim(a)))
    n = x.shape[axis]
    counts = np.asarray(repeats)
    if counts.size != 1:
        return along(x, axis, np.repeat(np.arange(n), counts))
    each, before, after = int(counts.item()), x.shape[:axis], x.shape[axis + 1 :]
    spread = broadcast_to(expand_dims(x, axis + 1), (*before, n, each, *after))
    return reshape(spread, (*before, n * each, *after))


def tile(A: Any, reps: Ints) -> Any:
    """`numpy.tile`: `A` laid side by side reps[i] times along axis i."""
    x, times = asarray(A), lengths_of(reps)
    count = max(len(times), len(x.shape))
    times = (1,) * (count - len(times)) + times
    lengths = (1,) * (count - len(x.shape)) + x.shape
    pairs = list(zip(times, lengths, strict=True))
    single = reshape(x, tuple(n for _, length in pairs for n in (1, length)))
    return reshape(broadcast_to(single, tuple(n for pair in pairs for n in pair)), tuple(t * n for t, n in pairs))


def _pad_widths(pad_width: Any, count: int) -> tuple[tuple[int, int], ...]:
    if isinstance(pad_width, dict):
        given = dict(zip(many_axes("pad", tuple(pad_width), count), pad_width.values(), strict=True))
        pad_width = [given.get(i, 0) for i in range(count)]
        return tuple(tuple(np.broadcast_to(pair, 2).tolist()) for pair in pad_width)
    return tuple((a, b) for a, b in np.broadcast_to(pad_width, (count, 2)).tolist())


def pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    """`numpy.pad`.

    Arguments:
        array: array of n axes.
        pad_width: an int, a pair, n pairs, or a dict from axis to pair: how many elements to add before and after.
        mode: "constant" with `constant_values`, one for all (a Var too), or "edge", "reflect", "symmetric", "wrap".
        kwargs: `constant_values`, or `reflect_type` "even".
    Returns:
        the padded array.
    Errors:
        GraphTypeError: another mode.
    """
    x = asarray(array)
    widths = _pad_widths(pad_width, len(x.shape))
    if mode == "constant":
        return _pad_constant(x, widths, kwargs.get("constant_values", 0))
    if mode not in ("edge", "reflect", "symmetric", "wrap") or kwargs.get("reflect_type", "even") != "even":
        raise GraphTypeError(
            f"pad: there is no mode {mode!r} {kwargs or ''}", fix="use constant, edge, reflect, symmetric or wrap"
        )
    for axis, width in enumerate(widths):
        if any(width):
            x = along(x, axis, np.pad(np.arange(x.shape[axis]), width, mode))  # type: ignore[call-overload]
    return x


def _pad_constant(x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    if isinstance(value, bool | int | float | complex):
        return pad_with(x, widths=widths, value=value)
    if np.ndim(value := asarray(value)) == 0:
        inside = pad_with(x, widths=widths, value=0)
        outside = np.ones(inside.shape, bool)
        outside[_inside(x.shape, widths)] = False
        return inside + asarray(value, inside.dtype) * outside
    return _pad_ends(x, widths, broadcast_to(value, (len(widths), 2)))


def _pad_ends(x: Any, widths: tuple[tuple[int, int], ...], values: Any) -> Any:
    for axis, (before, after) in enumerate(widths):
        ends = [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in (before, after)]
        first, last = (asarray(broadcast_to(values[axis, i], end), x.dtype) for i, end in enumerate(ends))
        x = concatenate([first, x, last], axis)
    return x


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`numpy.diagonal`: a view of a diagonal of the two axes, as the last axis of the result."""
    return take_diagonal(moveaxis(a, (axis1, axis2), (-2, -1)), offset=operator.index(offset))


def diag(v: Any, k: int = 0) -> Any:
    """`numpy.diag`: the k-th diagonal of a matrix, or the matrix with the vector `v` as its k-th diagonal."""
    x = asarray(v)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ShapeError(f"diag takes a vector or a matrix, not the shape {x.shape}", fix="use diagonal or diagflat")
    n = x.shape[0] + abs(k)
    return put_diagonal(x, rows=n, columns=n, offset=operator.index(k))


def diagflat(v: Any, k: int = 0) -> Any:
    """`numpy.diagflat`: the matrix with all elements of `v` as its k-th diagonal."""
    return diag(ravel(v), k)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """`numpy.trace`: the sum of a diagonal of the two axes, which the result lacks."""
    return _sum_axis(asarray(diagonal(a, offset, axis1, axis2), dtype), -1)


def _triangle(m: Any, k: int, lower: bool) -> Any:
    x = asarray(m)
    if len(x.shape) == 1:
        x = broadcast_to(x, (x.shape[0], x.shape[0]))
    return triangle(x, k=operator.index(k), lower=lower)


def tril(m: Any, k: int = 0) -> Any:
    """`numpy.tril`: `m` (..., m, n) with zeros above its k-th diagonal."""
    return _triangle(m, k, True)


def triu(m: Any, k: int = 0) -> Any:
    """`numpy.triu`: `m` (..., m, n) with zeros below its k-th diagonal."""
    return _triangle(m, k, False)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """`numpy.meshgrid`: for n vectors, n arrays of n axes, the i-th varying along the axis of the i-th vector.

    Arguments:
        xi: vectors.
        copy: ignored.
        sparse: whether to keep the other axes at length 1.
        indexing: "xy" exchanges the first two axes, "ij" does not.
    Returns:
        the arrays.
    """
    count = len(xi)
    place = list(range(count))
    if indexing == "xy" and count > 1:
        place[:2] = [1, 0]
    grids = [reshape(ravel(x), (1,) * i + (-1,) + (1,) * (count - 1 - i)) for x, i in zip(xi, place, strict=True)]
    return tuple(grids) if sparse else broadcast_arrays(*grids)


def kron(a: Any, b: Any) -> Any:
    """`numpy.kron`: the array of blocks a[i, j, ...] * b."""
    x, y = asarray(a), asarray(b)
    count = max(len(x.shape), len(y.shape))
    rows, columns = ((1,) * (count - len(z.shape)) + z.shape for z in (x, y))
    outer = reshape(x, tuple(m for n in rows for m in (n, 1))) * reshape(y, tuple(m for n in columns for m in (1, n)))
    return reshape(outer, tuple(n * m for n, m in zip(rows, columns, strict=True)))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """`numpy.cross`: the vector products of vectors of three elements.

    Arguments:
        a, b: arrays that broadcast, apart from the axes of the vectors.
        axisa, axisb, axisc: the axis of the vectors in `a`, in `b` and in the result.
        axis: all three of them.
    Returns:
        the products.
    Errors:
        ShapeError: vectors of another length.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    x, y = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(
            f"cross: the vectors of {shape(a)} and {shape(b)} do not have three elements each",
            fix="give vectors of three elements along axisa and axisb",
        )
    return moveaxis(roll(x * roll(y, -1, -1) - roll(x, -1, -1) * y, -1, -1), -1, axisc)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """`numpy.diff`: the n-th differences of neighbours along an axis; `prepend` and `append` extend it first."""
    x = asarray(a)
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
    return _sum_axis(width * (values[..., 1:] + values[..., :-1]) / 2.0, -1)
