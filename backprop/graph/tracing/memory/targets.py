"""Functions of NumPy that write into an argument, on Vars: `out=`, `copyto`, `put`, `add.at`, `sort` in place and more.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

import numpy as np

from .... import ops
from ....errors import AssignmentError, GraphTypeError, ShapeError
from ....ops.arrays.arguments import answer, is_traced
from ....ops.numpy_names import UFUNCS
from ..boundary.conversions import LOST, assignment
from ..boundary.elements import elements_of, takes_elements
from ..source_lines import user_line
from .putting import put
from .writing import assign, write

VIEWING: frozenset[Any] = frozenset(
    {
        *(np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims),
        *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.broadcast_to, np.broadcast_arrays, np.permute_dims),
        *(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.unstack, np.matrix_transpose),
        *(np.flip, np.fliplr, np.flipud, np.rot90, np.diagonal, np.diag, np.real, np.imag, np.asarray),
        *(np.linalg.diagonal, np.linalg.matrix_transpose, np.lib.stride_tricks.sliding_window_view, np.meshgrid),
        *("reshape", "ravel", "transpose", "swapaxes", "squeeze", "diagonal", "conj", "conjugate", "view"),
    }
)
"""Functions and methods of NumPy's whose results may be views of their arguments; those of all others are not."""


def target(name: str, array: Any) -> Any:
    """What a function is to write into, a Var.

    Errors:
        AssignmentError: a plain array, where what is written would lose its derivative.
    """
    if not is_traced(array):
        raise assignment(f"{name}: {LOST}")
    return array


# out=


def write_out(out: tuple[Any, ...], where: Any, compute: Callable[[], Any]) -> Any:
    """Write the results of a ufunc into its `out=`, where a mask is true.

    Arguments:
        out: the arrays to write to, one for each result.
        where: the mask; True for all elements.
        compute: gives the result, or a tuple of them.
    """
    results = compute()
    for array, result in zip(out, results if isinstance(results, tuple) else (results,), strict=True):
        value = ops.broadcast_to(result, array.shape)
        write(array, value if where is True else ops.where(where, value, array))
    return out if isinstance(results, tuple) else next(iter(out))


def written_to(out: Any, result: Any) -> Any:
    """Write the result of a function into its `out=`."""
    return write(target("out=", next(iter(out)) if isinstance(out, tuple) else out), ops.asarray(result))


# ufunc.at


def add_at(ufunc: np.ufunc, a: Any, indices: Any, *values: Any) -> None:
    """`ufunc.at`: of indices that come several times, each counts.

    Arguments:
        ufunc: numpy.add or numpy.subtract.
        a: the array to write to.
        indices: which elements.
        values: what is added; it broadcasts to these.
    Errors:
        GraphTypeError: such indices, with another ufunc than add and subtract.
    """
    if takes_elements(a):
        ufunc.at(a, elements_of(indices), *map(elements_of, values))
        return
    array = target(f"{ufunc.__name__}.at", a)
    if ufunc in (np.add, np.subtract):
        change = values[0] if ufunc is np.add else ops.negative(values[0])
        if getattr(change, "dtype", None) is not None and change.dtype != array.dtype:
            change = ops.astype(ops.asarray(change), array.dtype)
        put(array, ops.astype(ops.at_add(array, indices, change), array.dtype).id)
        return
    count = answer(lambda key: _repeated(array.shape, key), indices)
    if count:
        raise GraphTypeError(
            f"{ufunc.__name__}.at with indices that come several times",
            user_line(),
            "use numpy.add.at, or a loop over the indices",
        )
    assign(array, indices, UFUNCS[ufunc](array[indices], *values))


def _repeated(shape: tuple[int, ...], key: Any) -> int:
    """How many elements a key selects that it has selected before."""
    chosen = np.arange(math.prod(shape)).reshape(shape)[key]
    return int(chosen.size - np.unique(chosen).size)


# Functions.


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    array, value = target("copyto", dst), ops.asarray(src)
    if not np.can_cast(value.dtype, array.dtype, casting):  # type: ignore[arg-type]
        raise GraphTypeError(
            f"copyto: {value.dtype} cannot be cast to {array.dtype} by the rule {casting!r}",
            user_line(),
            "give another casting=",
        )
    assign(array, ..., value if where is True else ops.where(where, value, array))


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    array = target("fill_diagonal", a)
    if array.ndim < 2 or (array.ndim > 2 and len(set(array.shape)) > 1):
        raise ShapeError(f"fill_diagonal of the shape {array.shape}", user_line(), "give a matrix, or equal lengths")
    step = array.shape[1] + 1 if array.ndim == 2 else 1 + int(np.cumprod(array.shape[:-1]).sum())
    end = array.shape[1] ** 2 if array.ndim == 2 and not wrap else None
    places = np.arange(array.size)[:end:step]
    array.flat[places] = _cycled(val, places.size)


def _cycled(values: Any, count: int) -> Any:
    """As many values, over and over; a number as it is."""
    array = ops.asarray(values)
    return array if not array.shape else ops.take(array, np.arange(count) % max(ops.size(array), 1))


def _place(arr: Any, mask: Any, vals: Any) -> None:
    array = target("place", arr)
    chosen = ops.flatnonzero(mask)
    if chosen.size:
        array.flat[chosen] = _cycled(vals, chosen.size)


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    array, indices = target("put", a), ops.ravel(ind)
    if mode == "wrap":
        indices = ops.remainder(indices, array.size)
    elif mode == "clip":
        indices = ops.clip(indices, 0, array.size - 1)
    array.flat[indices] = _cycled(v, indices.size)


def _putmask(a: Any, /, mask: Any, values: Any) -> None:
    array, value = target("putmask", a), ops.asarray(values)
    put(array, ops.where(mask, ops.astype(ops.resize(value, array.shape), array.dtype), array).id)


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    array = target("put_along_axis", arr)
    if axis is None:
        array.flat[indices] = values
        return
    count, at = array.ndim, range(array.ndim)[axis]
    grid = [np.arange(n).reshape((n,) + (1,) * (count - 1 - i)) for i, n in enumerate(array.shape)]
    assign(array, tuple(indices if i == at else grid[i] for i in range(count)), values)


def _writer(theirs: Callable[..., None], ours: Callable[..., None]) -> Callable[..., None]:
    """What writes into a Var by ours, and into an array of objects by NumPy's own function."""

    @wraps(ours)
    def write_into(array: Any, *args: Any, **params: Any) -> None:
        if takes_elements(array):
            theirs(array, *map(elements_of, args), **{name: elements_of(x) for name, x in params.items()})
        else:
            ours(array, *args, **params)

    return write_into


WRITERS: Mapping[Any, Callable[..., None]] = MappingProxyType(
    {
        theirs: _writer(theirs, ours)
        for theirs, ours in (
            (np.copyto, _copyto),
            (np.fill_diagonal, _fill_diagonal),
            (np.place, _place),
            (np.put, _put),
            (np.putmask, _putmask),
            (np.put_along_axis, _put_along_axis),
        )
    }
)
"""Functions of NumPy that write into their first argument."""


# Methods.


def _fill(self: Any, value: Any) -> None:
    assign(self, ..., value)


def _sort(self: Any, axis: int = -1, kind: Any = None, order: None = None) -> None:
    write(self, ops.sort(self, axis))


def _partition(self: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: None = None) -> None:
    write(self, ops.partition(self, kth, axis))


def _refuse_resize(self: Any, *args: Any, **params: Any) -> None:
    raise AssignmentError(
        "the shape of a traced array cannot be changed in place", user_line(), "use numpy.resize(x, shape)"
    )


WRITING: Mapping[str, Callable[..., None]] = MappingProxyType(
    {"fill": _fill, "sort": _sort, "partition": _partition, "put": _put, "resize": _refuse_resize}
)
"""Methods of arrays that write to them."""
