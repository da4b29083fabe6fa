"""NumPy's keys as static data.

A key is brought to a normal form: one item for each axis of the array, in order, an int not below zero, a Slice, or
ARRAY for an index array, which is an operand. `None` becomes a reshape, a boolean mask the index arrays of its true
elements; of a traced one it is asked how many they are. Without index arrays a key is *basic*, and its result a view.
"""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ....errors import GraphTypeError, ShapeError
from ...core.types import NumericType, Shape
from ..arguments import is_traced
from ..as_array import asarray
from .places import places_of


class Slice(NamedTuple):
    """A slice of an axis, hashable, its ends as `slice.indices` gives them; stop None runs down to element 0."""

    start: int
    stop: int | None
    step: int


ARRAY = "array"
Item = int | Slice | str
Key = tuple[Item, ...]


class Selection(NamedTuple):
    """A key in normal form.

    Arguments:
        shape: of the array, with an axis of length 1 for each None of the key.
        key: an item for each axis; trailing full slices are left out.
        arrays: the index arrays, in order.
        unique: whether no element can be selected twice.
    """

    shape: Shape
    key: Key
    arrays: tuple[Any, ...]
    unique: bool


# From NumPy's key to the normal form.


def selection(lengths: Shape, key: Any) -> Selection:
    """A key of NumPy's in normal form, for an array of some lengths."""
    return _of_integer(lengths, key) if key.__class__ is int else _of_any(lengths, key)


@lru_cache(maxsize=4096)
def _of_integer(lengths: Shape, key: int) -> Selection:
    return _of_any(lengths, key)


def _of_any(lengths: Shape, key: Any) -> Selection:
    parts = [part for given in (key if isinstance(key, tuple) else (key,)) for part in _parts(given)]
    parts = _without_ellipsis(parts, len(lengths))
    rest = iter(enumerate(lengths))
    new: list[int] = []
    items: list[Item] = []
    arrays: list[Any] = []
    for part in parts:
        if part is None:
            new.append(1)
            items.append(Slice(0, 1, 1))
            continue
        axis, n = next(rest)
        new.append(n)
        items.append(_item(part, axis, n))
        if items[-1] == ARRAY:
            arrays.append(part)
    while items and items[-1] == Slice(0, new[len(items) - 1], 1):
        items.pop()
    masks = [part for part in parts if isinstance(part, _Mask)]
    unique = len(masks) == len(arrays) and all(mask.whole == masks[0].whole for mask in masks)
    plain = tuple(a.array if isinstance(a, _Mask) else a for a in arrays)
    return Selection((*new, *(n for _, n in rest)), tuple(items), plain, unique)


class _Mask(NamedTuple):
    array: Any
    length: int
    whole: int


NO_INDEX = "only integers, slices, None, ... and arrays of integers or booleans are indices, not {}"


def _parts(part: Any) -> list[Any]:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return [part]
    if isinstance(part, list | tuple | range):
        part = asarray(part) if len(part) else np.zeros(0, np.intp)
    if isinstance(part, bool | np.bool_):
        raise GraphTypeError("a boolean is not an index", fix="use numpy.where to choose by a condition")
    if not hasattr(part, "dtype"):
        if not hasattr(part, "__index__"):
            raise IndexError(NO_INDEX.format(f"a {type(part).__name__}"))
        return [operator.index(part)]
    if part.dtype.kind == "b":
        return _mask_parts(part)
    if part.dtype.kind not in "iu":
        raise IndexError(NO_INDEX.format(f"an array of {part.dtype}" if part.ndim else f"a {part.dtype}"))
    return [operator.index(part)] if not is_traced(part) and part.ndim == 0 else [part]


def _mask_parts(mask: Any) -> list[Any]:
    if is_traced(mask) and mask.shape:
        return [_Mask(array, n, id(mask)) for array, n in zip(places_of(mask), mask.shape, strict=True)]
    return [_Mask(array, n, id(mask)) for array, n in zip(np.nonzero(mask), mask.shape, strict=True)]


def _without_ellipsis(parts: list[Any], count: int) -> list[Any]:
    used = sum(part is not None and part is not Ellipsis for part in parts)
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if used > count:
        raise IndexError(f"too many indices for array: array is {count}-dimensional, but {used} were indexed")
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = dots[0] if dots else len(parts)
    return parts[:at] + [slice(None)] * (count - used) + parts[at + 1 :]


def _item(part: Any, axis: int, n: int) -> Item:
    if isinstance(part, slice):
        start, stop, step = part.indices(n)
        if start < 0:  # downwards from before the first element
            return Slice(0, 0, 1)
        return Slice(start, stop if stop >= 0 else None, step)
    if isinstance(part, int):
        _check_range(part, part, axis, n)
        return part % n
    if isinstance(part, _Mask):
        if part.length != n:
            raise IndexError(f"boolean index did not match the array along axis {axis}: {part.length} against {n}")
    elif not is_traced(part) and part.size:
        _check_range(int(part.min()), int(part.max()), axis, n)
    return ARRAY


def _check_range(lowest: int, highest: int, axis: int, n: int) -> None:
    if lowest < -n or highest >= n:
        raise IndexError(f"index {lowest if lowest < -n else highest} is out of bounds for axis {axis} with size {n}")


# From the normal form to NumPy's key and to shapes.


@lru_cache(maxsize=4096)
def numpy_key(key: Key, arrays: int) -> tuple[Any, ...]:
    """A key in normal form as NumPy's, apart from index arrays."""
    del arrays  # only so that keys with and without arrays, which are equal as tuples, have entries of their own
    return tuple(slice(*item) if isinstance(item, Slice) else item for item in key)


def index(key: Key, arrays: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """A key in normal form as NumPy's, with its index arrays."""
    plain = numpy_key(key, len(arrays))
    rest = iter(arrays)
    return tuple(next(rest) if isinstance(item, str) else item for item in plain) if arrays else plain


def _kept(lengths: Shape, key: Key) -> list[int]:
    """The lengths of the axes that the slices of a key, and the axes after it, leave."""
    if len(key) > len(lengths):
        raise ShapeError(
            f"index: the key {key} has more items than the shape {lengths} has axes", fix="leave items out of the key"
        )
    slices = [len(range(i.start, -1 if i.stop is None else i.stop, i.step)) for i in key if isinstance(i, Slice)]
    return [*slices, *lengths[len(key) :]]


def selected(lengths: Shape, key: Key, arrays: tuple[NumericType[Any], ...]) -> Shape:
    """The shape of x[key]: index arrays that stand side by side leave their axes in place, others in front."""
    kept = _kept(lengths, key)
    if not arrays:
        return tuple(kept)
    try:
        common = np.broadcast_shapes(*(t.shape for t in arrays))
    except ValueError:
        shapes = " ".join(str(t.shape) for t in arrays)
        raise IndexError(f"index arrays could not be broadcast together: their shapes are {shapes}") from None
    places = [i for i, item in enumerate(key) if not isinstance(item, Slice)]
    at = places[0] if places[-1] - places[0] == len(places) - 1 else 0
    return (*kept[:at], *common, *kept[at:])
