"""Elements in another arrangement: turned, rolled, repeated, and laid out on grids.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..elementwise.conversion import copied
from .arguments import Axes, Ints, along, lengths_of, many_axes, one_axis
from .as_array import asarray, ndim
from .axes import expand_dims, swapaxes
from .joins import concatenate
from .views import broadcast_arrays, broadcast_to, ravel, reshape

__all__ = ["flip", "fliplr", "flipud", "meshgrid", "repeat", "roll", "rot90", "tile"]


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
        return copied(reshape(roll(ravel(x), shift, 0), x.shape))
    for by, to in zip(*np.broadcast_arrays(*np.atleast_1d(shift, axis)), strict=True):
        x = _roll_axis(x, int(by), one_axis("roll", to, len(x.shape)))
    return copied(x)


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """`numpy.rot90`: `m` turned by k quarters from the first of the two axes towards the second."""
    x = asarray(m)
    first, second = many_axes("rot90", axes, len(x.shape))
    if k % 4 == 2:
        return flip(x, (first, second))
    turned = swapaxes(x, first, second) if k % 2 else x
    return flip(turned, first) if k % 4 == 1 else flip(turned, second) if k % 4 == 3 else turned


def _times(name: str, given: Any) -> Any:
    """How often something is repeated, as an array of integers.

    Errors:
        GraphTypeError, ShapeError: no integers, or one below zero.
    """
    times = np.asarray(given)
    if times.size and times.dtype.kind not in "biu":
        raise GraphTypeError(f"{name}: {given} is no number of times", fix="give integers")
    if np.any(times < 0):
        raise ShapeError(f"{name}: the number of times {given} has to be non-negative", fix="give 0 or more")
    return times


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
    counts = _times("repeat", repeats)
    if counts.size != 1:
        return along(x, axis, np.repeat(np.arange(n), counts))
    each, before, after = int(counts.item()), x.shape[:axis], x.shape[axis + 1 :]
    spread = broadcast_to(expand_dims(x, axis + 1), (*before, n, each, *after))
    return copied(reshape(spread, (*before, n * each, *after)))


def tile(A: Any, reps: Ints) -> Any:
    """`numpy.tile`: `A` laid side by side reps[i] times along axis i."""
    x, times = asarray(A), lengths_of(reps)
    _times("tile", times)
    count = max(len(times), len(x.shape))
    times = (1,) * (count - len(times)) + times
    lengths = (1,) * (count - len(x.shape)) + x.shape
    pairs = list(zip(times, lengths, strict=True))
    single = reshape(x, tuple(n for _, length in pairs for n in (1, length)))
    laid_out = broadcast_to(single, tuple(n for pair in pairs for n in pair))
    return copied(reshape(laid_out, tuple(t * n for t, n in pairs)))


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """`numpy.meshgrid`: for n vectors, n arrays of n axes, the i-th varying along the axis of the i-th vector.

    Arguments:
        xi: vectors.
        copy: whether the arrays are copies, which can be written to.
        sparse: whether to keep the other axes at length 1.
        indexing: "xy" exchanges the first two axes, "ij" does not.
    Returns:
        the arrays.
    """
    if indexing not in ("xy", "ij"):
        raise ShapeError(f"meshgrid: there is no indexing {indexing!r}", fix='use "xy" or "ij"')
    count = len(xi)
    place = list(range(count))
    if indexing == "xy" and count > 1:
        place[:2] = [1, 0]
    grids = [reshape(ravel(x), (1,) * i + (-1,) + (1,) * (count - 1 - i)) for x, i in zip(xi, place, strict=True)]
    laid_out = tuple(grids) if sparse else broadcast_arrays(*grids)
    return tuple(map(copied, laid_out)) if copy else laid_out
