"""Items of arrays: read, set and added to by any key of NumPy's, and the scatters that are the adjoints of reading.

The primitives take keys in the normal form of `keys`; the functions below them take any key.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from ....errors import ShapeError
from ...core.batching import BatchRule
from ...core.costs import GATHER, VECTORISED
from ...core.dependence import Dependence, Reading, grouped, moves
from ...core.op import Kind, Op
from ...core.rows import RowRule, Split, split_rows
from ...core.types import NumericType, Shape, ValueType, array_type, numeric, value_type
from ...elementwise.masking import masked
from ..arguments import shape_of
from ..as_array import asarray
from ..creation import ones_like
from ..views import reshape
from .batched_keys import put_batch, read_batch, scatter_batch
from .keys import ARRAY, Key, Slice, index, numpy_key, selected, selection

__all__ = ["at_add", "at_set", "getitem"]

# Basic keys.


def _basic_type(x: ValueType[Any], *, key: Key) -> NumericType[Any]:
    (t,) = numeric("index", x)
    return value_type(selected(t.shape, key, ()), t.dtype)


def _all_rows(key: Key, shape: Shape) -> bool:
    return bool(key) and bool(shape) and key[0] == Slice(0, shape[0], 1)


def _takes_rows(*, key: Key) -> bool:
    """Whether a key takes whole rows that lie side by side, or an element."""
    return all(isinstance(k, int) for k in key[:-1]) and all(
        isinstance(k, int) or (isinstance(k, Slice) and k.step == 1) for k in key[-1:]
    )


basic_index: Op = Op(
    "basic_index",
    _basic_type,
    lambda x, *, key: x[numpy_key(key, 0)],
    lambda g, out, x, *, key: scatter_basic(g, shape=shape_of(x), key=key),
    Kind.VIEW,
    home=__name__,
    rows=RowRule(lambda x, out, *, key: split_rows(out, (x,), (_all_rows(key, x.shape),)), shaped=True),
    keeps_layout=_takes_rows,
    batch=BatchRule(read_batch),
)


def fits(op: str, x: NumericType[Any], wanted: Shape) -> None:
    if any(n not in (1, m) for n, m in zip(x.shape[::-1], wanted[::-1], strict=False)) or x.ndim > len(wanted):
        raise ShapeError(
            f"{op}: the shape {x.shape} does not broadcast to that of the selection, {wanted}",
            fix="give a value that broadcasts to the selection",
        )


def _scatter_basic_type(x: ValueType[Any], *, shape: Shape, key: Key) -> NumericType[Any]:
    (t,) = numeric("scatter", x)
    fits("scatter", t, selected(shape, key, ()))
    return array_type(shape, t.dtype)


def _scatter_basic(x: Any, *, shape: Shape, key: Key) -> Any:
    out = np.zeros(shape, np.asarray(x).dtype)
    out[numpy_key(key, 0)] = x
    return out


# The adjoint of basic_index: zeros with `x` at the place of the selection.
def _scatter_rows(x: NumericType[Any], out: NumericType[Any], *, shape: Shape, key: Key) -> Split | None:
    axes = sum([isinstance(k, Slice) for k in key]) + out.ndim - len(key)
    is_split = _all_rows(key, out.shape) and x.ndim == axes and x.shape[0] == out.shape[0]
    return split_rows(out, (x,), (is_split,))


scatter_basic: Op = Op(
    "scatter_basic",
    _scatter_basic_type,
    _scatter_basic,
    lambda g, out, x, *, shape, key: basic_index(g, key=key),
    home=__name__,
    rows=RowRule(_scatter_rows, shaped=True),
    batch=BatchRule(scatter_batch),
    depends=moves(),
)


# Keys with index arrays.


def _take_type(x: ValueType[Any], *arrays: ValueType[Any], key: Key, unique: bool) -> NumericType[Any]:
    t, *indices = numeric("index", x, *arrays)
    return value_type(selected(t.shape, key, tuple(indices)), t.dtype)


def _take(x: Any, *arrays: Any, key: Key, unique: bool) -> Any:
    found = x[index(key, arrays)]
    is_view = isinstance(found, np.ndarray) and not any([array.ndim for array in arrays])  # as NumPy's numbers give
    return found.copy() if is_view else found


take_index: Op = Op(
    "take_index",
    _take_type,
    _take,
    lambda g, out, x, *arrays, key, unique: (
        scatter_add(g, *arrays, shape=shape_of(x), key=key, unique=unique),
        *(None,) * len(arrays),
    ),
    flops=GATHER,
    home=__name__,
    batch=BatchRule(read_batch),
    depends=moves(1),
)


def _scatter_add_type(
    x: ValueType[Any], *arrays: ValueType[Any], shape: Shape, key: Key, unique: bool
) -> NumericType[Any]:
    t, *indices = numeric("scatter", x, *arrays)
    fits("scatter", t, selected(shape, key, tuple(indices)))
    return array_type(shape, t.dtype)


def _scatter_add(x: Any, *arrays: Any, shape: Shape, key: Key, unique: bool) -> Any:
    x = np.asarray(x)
    if key == (ARRAY,) and len(shape) > 1 and x.size > 4096 and not unique:
        return _add_rows(x, arrays[0], shape)
    out = np.zeros(shape, x.dtype)
    if unique:
        out[index(key, arrays)] = x
    elif len(shape) == 1 or out.size > 4 * x.size:
        np.add.at(out, index(key, arrays), x)
    else:  # quicker where the key has several items: add.at has a fast path for one axis
        places = np.arange(out.size).reshape(shape)[index(key, arrays)]
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


def _scatter_depends(reading: Reading) -> Dependence | None:
    x, arrays, params = reading.operands[0], reading.values[1:], reading.params
    if any(array is None for array in arrays):
        return None
    shape: Shape = params["shape"]
    places = np.arange(math.prod(shape)).reshape(shape)[index(params["key"], tuple(arrays))]
    return grouped(places.reshape(-1), x.spread(places.shape), math.prod(shape)).reshaped(shape)


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
    batch=BatchRule(scatter_batch),
    depends=_scatter_depends,
)


# Functional assignment.


def _set_type(
    x: ValueType[Any], value: ValueType[Any], *arrays: ValueType[Any], key: Key, unique: bool
) -> NumericType[Any]:
    t, v, *indices = numeric("at_set", x, value, *arrays)
    fits("at_set", v, selected(t.shape, key, tuple(indices)))
    return array_type(t.shape, np.result_type(t.dtype, v.dtype.type(0).item() if v.weak else v.dtype))


def _set(x: Any, value: Any, *arrays: Any, key: Key, unique: bool) -> Any:
    out = np.array(x, np.result_type(x, value))
    out[index(key, arrays)] = value
    return out


def _set_vjp(g: Any, out: Any, x: Any, value: Any, *arrays: Any, key: Key, unique: bool) -> tuple[Any, ...]:
    rest = masked(g, put_index(ones_like(g, bool), False, *arrays, key=key, unique=unique))
    if not arrays:
        return rest, basic_index(g, key=key)
    mine = take_index(g, *arrays, key=key, unique=unique)
    if not unique:
        mine = masked(mine, _lasting(mine.shape, shape_of(x), arrays, key))
    return (rest, mine, *(None,) * len(arrays))


def _lasting(lengths: Shape, whole: Shape, arrays: tuple[Any, ...], key: Key) -> Any:
    """Which elements of the selection are still there: of those for one place, the last one assigned."""
    order = np.arange(math.prod(lengths)).reshape(lengths)
    holder = put_index(np.zeros(whole, np.intp), order, *arrays, key=key, unique=False)
    return take_index(holder, *arrays, key=key, unique=False) == order


# A copy of `x` with `value` at the place of the selection.
put_index: Op = Op("put_index", _set_type, _set, _set_vjp, home=__name__, batch=BatchRule(put_batch), depends=moves(2))


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
    shape, items, arrays, unique = selection(x.shape, key)
    if shape != x.shape:
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
    shape, items, arrays, unique = selection(x.shape, key)
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
    shape, items, arrays, unique = selection(x.shape, key)
    if arrays:
        change = scatter_add(value, *arrays, shape=shape, key=items, unique=unique)
    else:
        change = scatter_basic(value, shape=shape, key=items)
    return x + reshape(change, x.shape)
