"""Functions that gather: take, compress, select and their kin, by NumPy's names and signatures.

All of them choose among `index`'s primitives. Where the shape of a result depends on values (a condition, a list of
indices to delete), it is asked of Vars.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ....errors import GraphTypeError, ShapeError
from ...elementwise.arithmetic import remainder
from ...elementwise.selection import maximum, minimum, where
from ..arguments import along, answer, is_traced, lengths_of, many_axes, refuse_out
from ..as_array import asarray, ndim, size, stack
from ..axes import moveaxis
from ..joins import concatenate
from ..views import broadcast_arrays, broadcast_to, ravel, reshape
from .items import getitem
from .places import flatnonzero

__all__ = [
    "choose",
    "compress",
    "delete",
    "extract",
    "insert",
    "resize",
    "select",
    "sliding_window_view",
    "take",
    "take_along_axis",
]


def take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    """`numpy.take`.

    Arguments:
        a: array.
        indices: integers, of any shape; a Var too.
        axis: the axis they count along; None means the elements of the flat array.
        out: None.
        mode: what to do with indices out of range: "raise", "wrap" or "clip".
    Returns:
        the elements, the axes of `indices` in the place of the axis.
    Errors:
        IndexError: an index out of range, with mode "raise".
    """
    refuse_out("take", out)
    x, axis = (ravel(a), 0) if axis is None else (asarray(a), normalize_axis_index(axis, ndim(a), "take"))
    places, n = asarray(indices), x.shape[axis]
    if mode == "wrap":
        places = remainder(places, n)
    elif mode == "clip":
        places = minimum(maximum(places, 0), n - 1)
    elif mode != "raise":
        raise GraphTypeError(f"take: there is no mode {mode!r}", fix="use raise, wrap or clip")
    return getitem(x, (slice(None),) * axis + (places,))


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """`numpy.take_along_axis`.

    Arguments:
        arr: array.
        indices: integers, a Var too, of a shape that fits that of `arr` but for the axis.
        axis: the axis they count along; None means the elements of the flat array.
    Returns:
        the elements, an array of the shape of `indices`.
    Errors:
        ShapeError: arrays of different numbers of axes.
    """
    x, axis = (ravel(arr), 0) if axis is None else (asarray(arr), normalize_axis_index(axis, ndim(arr)))
    places, count = asarray(indices), len(x.shape)
    if len(places.shape) != count:
        raise ShapeError(
            f"take_along_axis: the shapes {x.shape} and {places.shape} differ in their number of axes",
            fix="give indices with as many axes as the array has",
        )
    grid = [np.arange(n).reshape((n,) + (1,) * (count - 1 - i)) for i, n in enumerate(x.shape)]
    return getitem(x, tuple(places if i == axis else grid[i] for i in range(count)))


def compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    """`numpy.compress`: the parts of `a` along an axis, or its elements, for which `condition` is true."""
    refuse_out("compress", out)
    x, axis = (ravel(a), 0) if axis is None else (asarray(a), axis)
    return take(x, flatnonzero(condition), axis)


def extract(condition: Any, arr: Any) -> Any:
    """`numpy.extract`: the elements of `arr` for which `condition` is true, in one axis."""
    return take(arr, flatnonzero(condition))


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """`numpy.delete`: `arr` without the parts, or elements, that indices `obj` name, which are asked for."""
    x, axis = (ravel(arr), 0) if axis is None else (asarray(arr), axis)
    return take(x, np.delete(np.arange(x.shape[axis]), answer(np.array, obj) if is_traced(obj) else obj), axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """`numpy.insert`.

    Arguments:
        arr: array.
        obj: an int, slice or ints, which are asked for: before which elements of the axis.
        values: what to put there; for an int, the axis counts as the first one of `values`.
        axis: None means the elements of the flat array.
    Returns:
        the longer array, of the dtype of `arr`.
    """
    x, axis = (ravel(arr), 0) if axis is None else (asarray(arr), normalize_axis_index(axis, ndim(arr), "insert"))
    new, n, places = asarray(values, x.dtype), x.shape[axis], answer(np.array, obj) if is_traced(obj) else obj
    new = reshape(new, (1,) * (len(x.shape) - len(new.shape)) + new.shape)
    if isinstance(places, int | np.integer):
        new = moveaxis(new, 0, axis)
    if not isinstance(places, slice) and np.size(places) == 1:
        places = np.repeat(places, new.shape[axis])
    count = len(np.insert(np.arange(n), places, 0)) - n
    new = broadcast_to(new, (*x.shape[:axis], count, *x.shape[axis + 1 :]))
    return along(concatenate([x, new], axis), axis, np.insert(np.arange(n), places, n + np.arange(count)))


def resize(a: Any, new_shape: Any) -> Any:
    """`numpy.resize`: the elements of `a`, over and over, in an array of another shape."""
    shape = tuple(new_shape) if isinstance(new_shape, tuple | list) else (new_shape,)
    if any(n < 0 for n in shape):
        raise ShapeError(f"resize: the shape {shape} holds a length below zero", fix="give lengths of 0 or more")
    if not size(a):
        return np.zeros(shape, asarray(a).dtype)
    return reshape(take(a, np.arange(math.prod(shape)) % size(a)), shape)


def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """`numpy.lib.stride_tricks.sliding_window_view`, as a copy.

    Arguments:
        x: array.
        window_shape: an int, or ints, the lengths of the windows.
        axis: which axes they slide along, one each; None means all.
        subok, writeable: ignored.
    Returns:
        the windows; their axes come after those of their positions.
    Errors:
        ShapeError: a window longer than its axis.
    """
    array, lengths = asarray(x), lengths_of(window_shape)
    count = len(array.shape)
    axes = many_axes("sliding_window_view", range(count) if axis is None else axis, count)
    for width, at in zip(lengths, axes, strict=True):
        places = array.shape[at] - width + 1
        if places < 1:
            raise ShapeError(
                f"sliding_window_view: a window of {width} is longer than axis {at} of {array.shape}",
                fix="choose a shorter window",
            )
        windows = along(array, at, np.arange(places)[:, None] + np.arange(width))
        array = moveaxis(windows, at + 1, -1)
    return array


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """`numpy.select`.

    Arguments:
        condlist: conditions, which broadcast.
        choicelist: as many values.
        default: the value where no condition holds.
    Returns:
        for each element, that of the first choice whose condition holds there.
    Errors:
        ShapeError: lists of different lengths.
    """
    if len(condlist) != len(choicelist):
        raise ShapeError(
            f"select: {len(condlist)} conditions for {len(choicelist)} choices", fix="give a choice for each condition"
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = where(condition, choice, result)
    return result


def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """`numpy.choose`: for each element of the integers `a`, the element of that number among the choices.

    Arguments:
        a: integers.
        choices: arrays that broadcast with each other and with `a`.
        out: None.
        mode: what to do with numbers out of range: "raise", "wrap" or "clip".
    Returns:
        the chosen elements.
    Errors:
        IndexError: a number out of range, with mode "raise".
    """
    refuse_out("choose", out)
    number, *arrays = broadcast_arrays(a, *choices)
    table = stack(arrays)
    if mode != "raise":
        number = remainder(number, len(arrays)) if mode == "wrap" else minimum(maximum(number, 0), len(arrays) - 1)
    return take_along_axis(table, reshape(number, (1, *number.shape)), 0)[0]
