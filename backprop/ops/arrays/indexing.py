"""Indexing: NumPy's keys as static data, gathers, and the scatters that are their adjoints.

`getitem` takes any key and brings it to a normal form: one item for each axis of the array, in order, an int not below
zero, a Slice, or ARRAY for an index array, which is an operand. `None` becomes a reshape, a plain boolean mask the
index arrays of its true elements. Without index arrays a key is *basic*, and its result a view.
"""

from __future__ import annotations

import math
import operator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from ...errors import GraphTypeError, ShapeError
from ..core.costs import GATHER, VECTORISED
from ..core.op import Kind, Op
from ..core.types import NumericType, Shape, ValueType, array_type, numeric, value_type
from .shapes import asarray, is_traced, reshape, shape_of


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


def _selection(lengths: Shape, key: Any) -> Selection:
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
    array: np.ndarray[Any, Any]
    length: int
    whole: int


def _parts(part: Any) -> list[Any]:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return [part]
    if isinstance(part, list):
        part = asarray(part) if part else np.zeros(0, np.intp)
    if isinstance(part, bool | np.bool_):
        raise GraphTypeError("a boolean is not an index", fix="use numpy.where to choose by a condition")
    if not hasattr(part, "dtype"):
        return [operator.index(part)]
    if part.dtype.kind == "b":
        return _mask_parts(part)
    if part.dtype.kind not in "iu":
        raise IndexError(f"only integers, slices, None, ... and arrays of integers or booleans are indices, not {part}")
    return [operator.index(part)] if not is_traced(part) and part.ndim == 0 else [part]


def _mask_parts(mask: Any) -> list[Any]:
    if is_traced(mask):
        raise GraphTypeError(
            "the shape of a selection by a traced mask is not known before the mask is",
            fix="use numpy.where(mask, x, 0), or make the mask outside of the traced function",
        )
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
def _numpy_key(key: Key, arrays: int) -> tuple[Any, ...]:
    del arrays  # only so that keys with and without arrays, which are equal as tuples, have entries of their own
    return tuple(slice(*item) if isinstance(item, Slice) else item for item in key)


def _index(key: Key, arrays: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    plain = _numpy_key(key, len(arrays))
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


def _selected(lengths: Shape, key: Key, arrays: tuple[NumericType[Any], ...]) -> Shape:
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


# Basic keys.


def _basic_type(x: ValueType[Any], *, key: Key) -> NumericType[Any]:
    (t,) = numeric("index", x)
    return value_type(_selected(t.shape, key, ()), t.dtype)


basic_index: Op = Op(
    "basic_index",
    _basic_type,
    lambda x, *, key: x[_numpy_key(key, 0)],
    lambda g, out, x, *, key: scatter_basic(g, shape=shape_of(x), key=key),
    Kind.VIEW,
    home=__name__,
)


def _fits(op: str, x: NumericType[Any], wanted: Shape) -> None:
    if any(n not in (1, m) for n, m in zip(x.shape[::-1], wanted[::-1], strict=False)) or x.ndim > len(wanted):
        raise ShapeError(
            f"{op}: the shape {x.shape} does not broadcast to that of the selection, {wanted}",
            fix="give a value that broadcasts to the selection",
        )


def _scatter_basic_type(x: ValueType[Any], *, shape: Shape, key: Key) -> NumericType[Any]:
    (t,) = numeric("scatter", x)
    _fits("scatter", t, _selected(shape, key, ()))
    return array_type(shape, t.dtype)


def _scatter_basic(x: Any, *, shape: Shape, key: Key) -> Any:
    out = np.zeros(shape, np.asarray(x).dtype)
    out[_numpy_key(key, 0)] = x
    return out


# The adjoint of basic_index: zeros with `x` at the place of the selection.
scatter_basic: Op = Op(
    "scatter_basic",
    _scatter_basic_type,
    _scatter_basic,
    lambda g, out, x, *, shape, key: basic_index(g, key=key),
    home=__name__,
)


# Keys with index arrays.


def _take_type(x: ValueType[Any], *arrays: ValueType[Any], key: Key, unique: bool) -> NumericType[Any]:
    t, *indices = numeric("index", x, *arrays)
    return value_type(_selected(t.shape, key, tuple(indices)), t.dtype)


take_index: Op = Op(
    "take_index",
    _take_type,
    lambda x, *arrays, key, unique: x[_index(key, arrays)],
    lambda g, out, x, *arrays, key, unique: (
        scatter_add(g, *arrays, shape=shape_of(x), key=key, unique=unique),
        *(None,) * len(arrays),
    ),
    flops=GATHER,
    home=__name__,
)


def _scatter_add_type(
    x: ValueType[Any], *arrays: ValueType[Any], shape: Shape, key: Key, unique: bool
) -> NumericType[Any]:
    t, *indices = numeric("scatter", x, *arrays)
    _fits("scatter", t, _selected(shape, key, tuple(indices)))
    return array_type(shape, t.dtype)


def _scatter_add(x: Any, *arrays: Any, shape: Shape, key: Key, unique: bool) -> Any:
    x = np.asarray(x)
    if key == (ARRAY,) and len(shape) > 1 and x.size > 4096 and not unique:
        return _add_rows(x, arrays[0], shape)
    out = np.zeros(shape, x.dtype)
    if unique:
        out[_index(key, arrays)] = x
    elif len(shape) == 1 or out.size > 4 * x.size:
        np.add.at(out, _index(key, arrays), x)
    else:  # quicker where the key has several items: add.at has a fast path for one axis
        places = np.arange(out.size).reshape(shape)[_index(key, arrays)]
        np.add.at(out.reshape(-1), places.reshape(-1), np.broadcast_to(x, places.shape).reshape(-1))
    return out


def _add_rows(x: Any, rows: Any, lengths: Shape) -> Any:
    """The same for rows of a matrix, as a product with a sparse matrix: no index for each element."""
    rows = np.asarray(rows)
    count, width = rows.size, math.prod(lengths[1:])
    where = np.where(rows < 0, rows + lengths[0], rows).reshape(-1)
    places = (np.ones(count, x.dtype), where, np.arange(count + 1))
    chosen = scipy.sparse.csr_array(places, shape=(count, lengths[0]))
    values = np.broadcast_to(x, rows.shape + lengths[1:]).reshape(count, width)
    return np.ascontiguousarray(chosen.T @ values).reshape(lengths)


# The adjoint of take_index: zeros, to which `x` is added at the places of the selection, repeated ones included.
scatter_add: Op = Op(
    "scatter_add",
    _scatter_add_type,
    _scatter_add,
    lambda g, out, x, *arrays, shape, key, unique: (
        take_index(g, *arrays, key=key, unique=unique),
        *(None,) * len(arrays),
    ),
    flops=VECTORISED,
    home=__name__,
)


# Functional assignment.


def _set_type(
    x: ValueType[Any], value: ValueType[Any], *arrays: ValueType[Any], key: Key, unique: bool
) -> NumericType[Any]:
    t, v, *indices = numeric("at_set", x, value, *arrays)
    _fits("at_set", v, _selected(t.shape, key, tuple(indices)))
    return array_type(t.shape, np.result_type(t.dtype, v.dtype.type(0).item() if v.weak else v.dtype))


def _set(x: Any, value: Any, *arrays: Any, key: Key, unique: bool) -> Any:
    out = np.array(x, np.result_type(x, value))
    out[_index(key, arrays)] = value
    return out


def _set_vjp(g: Any, out: Any, x: Any, value: Any, *arrays: Any, key: Key, unique: bool) -> tuple[Any, ...]:
    rest = put_index(g, 0, *arrays, key=key, unique=unique)
    if not arrays:
        return rest, basic_index(g, key=key)
    mine = take_index(g, *arrays, key=key, unique=unique)
    if not unique:
        mine = mine * _lasting(mine.shape, shape_of(x), arrays, key)
    return (rest, mine, *(None,) * len(arrays))


def _lasting(lengths: Shape, whole: Shape, arrays: tuple[Any, ...], key: Key) -> Any:
    """Which elements of the selection are still there: of those for one place, the last one assigned."""
    order = np.arange(math.prod(lengths)).reshape(lengths)
    holder = put_index(np.zeros(whole, np.intp), order, *arrays, key=key, unique=False)
    return take_index(holder, *arrays, key=key, unique=False) == order


# A copy of `x` with `value` at the place of the selection.
put_index: Op = Op("put_index", _set_type, _set, _set_vjp, home=__name__)


# The functions.


def getitem(x: Any, key: Any) -> Any:
    """x[key], for any key that NumPy takes.

    Arguments:
        x: Var or array.
        key: ints, slices, None, ..., arrays or lists of integers or booleans, Vars of an integer dtype, or a tuple.
    Returns:
        the selection, a view where the key has no arrays.
    Errors:
        IndexError: a key that does not fit the shape.
        GraphTypeError: a mask that is a Var.
    """
    x = asarray(x)
    shape, items, arrays, unique = _selection(x.shape, key)
    x = reshape(x, shape)
    if arrays:
        return take_index(x, *arrays, key=items, unique=unique)
    return basic_index(x, key=items) if items else x


def at_set(x: Any, key: Any, value: Any) -> Any:
    """`x` with x[key] = value, as a new array; the dtypes of both promote.

    Arguments:
        x: Var or array.
        key: as for `getitem`.
        value: what broadcasts to x[key]; of several values for one place the last one stays.
    Returns:
        the new array.
    Errors:
        IndexError, GraphTypeError: as for `getitem`.
        ShapeError: a value that does not broadcast.
    """
    x = asarray(x)
    shape, items, arrays, unique = _selection(x.shape, key)
    return reshape(put_index(reshape(x, shape), value, *arrays, key=items, unique=unique), x.shape)


def at_add(x: Any, key: Any, value: Any) -> Any:
    """`x` with x[key] += value, as a new array; values for one place add up, as with `numpy.add.at`.

    Arguments:
        x: Var or array.
        key: as for `getitem`.
        value: what broadcasts to x[key].
    Returns:
        the new array.
    Errors:
        IndexError, GraphTypeError: as for `getitem`.
        ShapeError: a value that does not broadcast.
    """
    x = asarray(x)
    shape, items, arrays, unique = _selection(x.shape, key)
    if arrays:
        change = scatter_add(value, *arrays, shape=shape, key=items, unique=unique)
    else:
        change = scatter_basic(value, shape=shape, key=items)
    return x + reshape(change, x.shape)
