"""Axes moved, added and dropped: views of an array, by NumPy's names, made of reshape and transpose.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import ShapeError
from .arguments import Ints, many_axes, one_axis
from .as_array import asarray, ndim, shape
from .views import reshape, transpose

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "expand_dims",
    "matrix_transpose",
    "moveaxis",
    "rollaxis",
    "squeeze",
    "swapaxes",
]


def expand_dims(a: Any, axis: Ints) -> Any:
    """`numpy.expand_dims`: `a` with an axis of length 1 at each position of the result that `axis` names."""
    x = asarray(a)
    axes = (axis,) if not isinstance(axis, Iterable) else tuple(axis)
    new = many_axes("expand_dims", axes, len(x.shape) + len(axes))
    rest = iter(x.shape)
    return reshape(x, tuple(1 if i in new else next(rest) for i in range(len(x.shape) + len(axes))))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """`numpy.swapaxes`: a view of `a` with two axes exchanged."""
    x = asarray(a)
    order = list(range(len(x.shape)))
    i, j = (one_axis("swapaxes", axis, len(order)) for axis in (axis1, axis2))
    order[i], order[j] = order[j], order[i]
    return transpose(x, order)


def matrix_transpose(x: Any, /) -> Any:
    """`numpy.matrix_transpose`: a view of `x` (..., m, n) as (..., n, m)."""
    if ndim(x) < 2:
        raise ShapeError(
            f"matrix_transpose: the shape {shape(x)} is not that of a matrix", fix="give an array (..., rows, columns)"
        )
    return swapaxes(x, -1, -2)


def moveaxis(a: Any, source: Ints, destination: Ints) -> Any:
    """`numpy.moveaxis`: a view of `a` whose axes `source` stand at the positions `destination`."""
    x = asarray(a)
    old, new = (many_axes("moveaxis", axes, len(x.shape)) for axes in (source, destination))
    if len(old) != len(new):
        raise ShapeError(
            f"moveaxis: {len(old)} axes cannot move to {len(new)} positions", fix="give a destination for each source"
        )
    order = [i for i in range(len(x.shape)) if i not in old]
    for to, axis in sorted(zip(new, old, strict=True)):
        order.insert(to, axis)
    return transpose(x, order)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """`numpy.rollaxis`: a view of `a` whose axis `axis` stands before the axis `start`."""
    count = ndim(a)
    axis = one_axis("rollaxis", axis, count)
    to = one_axis("rollaxis", start, count + 1) if start >= 0 else start + count
    return moveaxis(a, axis, to - 1 if axis < to else to)


def squeeze(a: Any, axis: Ints | None = None) -> Any:
    """`numpy.squeeze`: `a` without the axes of length 1, or without those of them that `axis` names."""
    x = asarray(a)
    if axis is None:
        return reshape(x, tuple(n for n in x.shape if n != 1))
    axes = many_axes("squeeze", axis, len(x.shape))
    if any(x.shape[i] != 1 for i in axes):
        raise ShapeError(
            f"squeeze: the axes {axes} of the shape {x.shape} are not all of length 1",
            fix="name axes of length 1 only, or leave axis out",
        )
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def _each(function: Any, arys: tuple[Any, ...]) -> Any:
    results = tuple(function(asarray(a)) for a in arys)
    return results[0] if len(results) == 1 else results


def _two_axes(x: Any) -> Any:
    return reshape(x, (1,) * (2 - len(x.shape)) + x.shape)


def _three_axes(x: Any) -> Any:
    n = x.shape
    return reshape(x, (1, *(n or (1,)), 1) if len(n) < 2 else (*n, 1) if len(n) == 2 else n)


def atleast_1d(*arys: Any) -> Any:
    """`numpy.atleast_1d`: the array, or a tuple of arrays, numbers as arrays of shape (1,)."""
    return _each(lambda x: reshape(x, x.shape or (1,)), arys)


def atleast_2d(*arys: Any) -> Any:
    """`numpy.atleast_2d`: the array, or a tuple of arrays, with axes of length 1 before, where they are too few."""
    return _each(_two_axes, arys)


def atleast_3d(*arys: Any) -> Any:
    """`numpy.atleast_3d`: the array, or a tuple of arrays; (n,) becomes (1, n, 1), and (m, n) becomes (m, n, 1)."""
    return _each(_three_axes, arys)
