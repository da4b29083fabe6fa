"""Shape ops: what moves elements about and computes nothing.

The primitives have normalised parameters and cheap rules; the functions with NumPy's names and signatures, below them,
choose among the primitives. A function returns its argument itself where there is nothing to do.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import methodcaller
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...errors import GraphTypeError, ShapeError
from ..core.op import Kind, Op, broadcast
from ..core.types import NumericType, Shape, ValueType, array_type, numeric, value_type
from ..elementwise.conversion import cast

Axes = tuple[int, ...]
Ints = int | Sequence[int]


# What is known of a value, traced or not.


def is_traced(x: object) -> bool:
    """Whether a value is a Var: whatever takes calls of ops itself."""
    return hasattr(x, "__backprop_emit__")


def _holds_var(x: object) -> bool:
    return any(map(_holds_var, x)) if isinstance(x, list | tuple) else is_traced(x)


def asarray(a: Any, dtype: Any = None) -> Any:
    """`numpy.asarray`, also of nested lists that hold Vars.

    Arguments:
        a: a Var, an array, a number, or nested sequences of these.
        dtype: dtype of the result; None keeps that of `a`.
    Returns:
        a Var where `a` holds one, else an array or NumPy scalar.
    """
    if dtype is not None:
        array = asarray(a)
        return array if array.dtype == np.dtype(dtype) else cast(array, dtype=np.dtype(dtype).name)
    if hasattr(a, "shape") and hasattr(a, "dtype"):
        return a
    if isinstance(a, list | tuple) and _holds_var(a):
        return stack([asarray(item) for item in a])
    return np.asarray(a)


def array(
    object: Any, dtype: Any = None, *, copy: bool = True, order: str = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    """`numpy.array`, also of nested lists that hold Vars.

    Arguments:
        object: a Var, an array, a number, or nested sequences of these.
        dtype: dtype of the result; None keeps that of `object`.
        copy, order, subok: ignored.
        ndmin: the least number of axes, filled up from the left.
    Returns:
        a Var where `object` holds one, else an array.
    """
    x = asarray(object, dtype)
    x = reshape(x, (1,) * (ndmin - len(x.shape)) + x.shape)
    return x if is_traced(x) else np.array(x)


def shape_of(x: Any) -> Shape:
    """The shape of a Var, an array or a number, quickly."""
    return getattr(x, "shape", ())


def shape(a: Any) -> Shape:
    """The shape of a Var, an array, a number or a nested sequence."""
    return tuple(asarray(a).shape)


def ndim(a: Any) -> int:
    """The number of axes of a Var, an array, a number or a nested sequence."""
    return len(shape(a))


def size(a: Any, axis: int | None = None) -> int:
    """The number of elements of `a`, or the length of one of its axes."""
    lengths = shape(a)
    return math.prod(lengths) if axis is None else lengths[axis]


def refuse_out(op: str, out: object) -> None:
    """Raise a GraphTypeError where a function is asked to write its result into an array."""
    if out is not None:
        raise GraphTypeError(f"{op}: there is no out= here", fix="use the result instead; the buffers are planned")


def one_axis(op: str, axis: int, count: int) -> int:
    """An axis counted from the left; an AxisError, which is an IndexError, where there is none such."""
    return normalize_axis_index(operator.index(axis), count, op)


def many_axes(op: str, axes: Any, count: int) -> Axes:
    """Several axes counted from the left, no two the same."""
    return tuple(normalize_axis_tuple(axes, count, op))


def lengths_of(given: Any) -> Shape:
    """An int, or ints, as a tuple of ints."""
    return tuple(operator.index(n) for n in given) if isinstance(given, Iterable) else (operator.index(given),)


# Views: reshape, transpose, broadcast, and the adjoint of the last.


def _reshape_type(x: ValueType[Any], *, shape: Shape) -> NumericType[Any]:
    (t,) = numeric("reshape", x)
    if t.size != math.prod(shape):
        raise _unfit(t.shape, shape)
    return array_type(shape, t.dtype)


def _unfit(old: Shape, new: Shape) -> ShapeError:
    return ShapeError(
        f"reshape: {math.prod(old)} elements of shape {old} do not fit the shape {new}",
        fix="the products of both shapes have to be equal; one length may be -1, and is then inferred",
    )


reshape_to: Op = Op(
    "reshape_to",
    _reshape_type,
    lambda x, *, shape: np.reshape(x, shape),
    lambda g, out, x, *, shape: reshape(g, shape_of(x)),
    Kind.VIEW,
    home=__name__,
    kernel=lambda x, *, shape: methodcaller("reshape", shape),
)


def _permute_type(x: ValueType[Any], *, axes: Axes) -> NumericType[Any]:
    (t,) = numeric("transpose", x)
    return array_type(tuple(t.shape[i] for i in axes), t.dtype)


def _inverse(axes: Axes) -> Axes:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


permute: Op = Op(
    "permute",
    _permute_type,
    lambda x, *, axes: np.transpose(x, axes),
    lambda g, out, x, *, axes: permute(g, axes=_inverse(axes)),
    Kind.VIEW,
    home=__name__,
    kernel=lambda x, *, axes: methodcaller("transpose", axes),
)


def _expand_type(x: ValueType[Any], *, shape: Shape) -> NumericType[Any]:
    (t,) = numeric("broadcast_to", x)
    padded = (1,) * (len(shape) - t.ndim) + t.shape
    if len(padded) != len(shape) or any(n not in (1, m) for n, m in zip(padded, shape, strict=True)):
        raise ShapeError(
            f"broadcast_to: the shape {t.shape} does not broadcast to {shape}",
            fix="counted from the right, each length has to be 1 or equal to the wanted one",
        )
    return array_type(shape, t.dtype)


expand_to: Op = Op(
    "expand_to",
    _expand_type,
    lambda x, *, shape: np.broadcast_to(x, shape),
    lambda g, out, x, *, shape: sum_to(g, shape=shape_of(x)),
    Kind.VIEW,
    home=__name__,
)


def _sum_to_type(x: ValueType[Any], *, shape: Shape) -> NumericType[Any]:
    (t,) = numeric("sum_to", x)
    _expand_type(array_type(shape, t.dtype), shape=t.shape)
    return value_type(shape, t.dtype)


@lru_cache(maxsize=4096)
def _summed(old: Shape, new: Shape) -> tuple[int, Axes]:
    lead = len(old) - len(new)
    inner = tuple(i for i in range(lead, len(old)) if old[i] != new[i - lead])
    return lead, (*range(lead), *inner)


def _sum_to(x: Any, out: Any = None, *, shape: Shape) -> Any:
    x = np.asarray(x)
    lead, axes = _summed(x.shape, shape)
    if len(axes) == lead:
        return np.add.reduce(x, axes, out=out, dtype=x.dtype)
    if out is not None:
        np.add.reduce(x, axes, out=out.reshape((1,) * lead + shape), dtype=x.dtype, keepdims=True)
        return out
    return np.add.reduce(x, axes, dtype=x.dtype, keepdims=True).reshape(shape)


# The adjoint of broadcasting.
sum_to: Op = Op(
    "sum_to",
    _sum_to_type,
    _sum_to,
    lambda g, out, x, *, shape: broadcast_to(g, shape_of(x)),
    Kind.INTO,
    home=__name__,
)


# Joins, whose adjoints are slices.


def _joined(op: str, arrays: tuple[ValueType[Any], ...]) -> tuple[tuple[NumericType[Any], ...], np.dtype[Any]]:
    types = numeric(op, *arrays)
    return types, np.result_type(*(t.dtype for t in types))


def _concat_type(*arrays: ValueType[Any], axis: int) -> NumericType[Any]:
    types, dtype = _joined("concatenate", arrays)
    first = types[0].shape
    for t in types:
        if t.shape[:axis] != first[:axis] or t.shape[axis + 1 :] != first[axis + 1 :] or t.ndim != len(first):
            raise ShapeError(
                f"concatenate: the shapes {first} and {t.shape} do not fit along axis {axis}",
                fix="all arrays have to agree in each axis but that one",
            )
    return array_type((*first[:axis], sum(t.shape[axis] for t in types), *first[axis + 1 :]), dtype)


def _concat_vjp(g: Any, out: Any, *arrays: Any, axis: int) -> tuple[Any, ...]:
    ends = np.cumsum([shape_of(x)[axis] for x in arrays]).tolist()
    return tuple(along(g, axis, slice(a, b)) for a, b in zip([0, *ends], ends, strict=False))


concat_along: Op = Op(
    "concat_along", _concat_type, lambda *arrays, axis: np.concatenate(arrays, axis), _concat_vjp, home=__name__
)


def _stack_type(*arrays: ValueType[Any], axis: int) -> NumericType[Any]:
    types, dtype = _joined("stack", arrays)
    first = types[0].shape
    for t in types:
        if t.shape != first:
            raise ShapeError(f"stack: the shapes {first} and {t.shape} differ", fix="all arrays need one shape")
    return array_type((*first[:axis], len(types), *first[axis:]), dtype)


def _stack(*arrays: Any, axis: int) -> Any:
    return np.array(arrays) if np.ndim(arrays[0]) == 0 else np.stack(arrays, axis)


stack_along: Op = Op(
    "stack_along",
    _stack_type,
    _stack,
    lambda g, out, *arrays, axis: tuple(along(g, axis, i) for i in range(len(arrays))),
    home=__name__,
)


# Constants.


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"f": float, "c": complex, "i": int, "u": int, "b": "True".__eq__}
)


def _filled(*, shape: Shape, dtype: str, value: str) -> Any:
    kind = np.dtype(dtype)
    number = kind.type(_READERS[kind.kind](value))
    return np.full(shape, number) if shape else number


# An array of one value, written as text, since 0.0 == -0.0 but their arrays differ. It has no operand, so whoever
# traces it hands it to a Var (see full_like).
filled: Op = Op("filled", lambda *, shape, dtype, value: value_type(shape, np.dtype(dtype)), _filled, home=__name__)


# NumPy's functions.


def reshape(a: Any, shape: Ints, order: str = "C") -> Any:
    """`numpy.reshape`.

    Arguments:
        a: array of n elements.
        shape: int or ints of product n; one may be -1.
        order: "C", or "F" for Fortran's order of elements.
    Returns:
        an array of that shape, a view where possible.
    Errors:
        ShapeError: a shape of another number of elements.
        GraphTypeError: order "A" or "K", which depend on the memory layout of a value.
    """
    x, wanted = asarray(a), lengths_of(shape)
    if order == "F":
        return transpose(reshape(transpose(x), wanted[::-1]))
    if order != "C":
        raise GraphTypeError(f"reshape: order {order!r} depends on the layout of a value", fix='use "C" or "F"')
    if -1 in wanted:
        wanted = _inferred(x.shape, wanted)
    return x if x.shape == wanted else reshape_to(x, shape=wanted)


def _inferred(old: Shape, new: Shape) -> Shape:
    known = -math.prod(new)
    if min(new) < -1 or new.count(-1) != 1 or known == 0 or math.prod(old) % known:
        raise _unfit(old, new)
    return tuple(math.prod(old) // known if n == -1 else n for n in new)


def transpose(a: Any, axes: Ints | None = None) -> Any:
    """`numpy.transpose`: a view whose axis i is axis axes[i] of `a`; by default the axes are reversed."""
    x = asarray(a)
    order = tuple(range(len(x.shape)))[::-1] if axes is None else many_axes("transpose", axes, len(x.shape))
    if len(order) != len(x.shape):
        raise ShapeError(
            f"transpose: {order} does not name each axis of the shape {x.shape} once",
            fix="name each axis once, or leave axes out",
        )
    return x if order == tuple(range(len(order))) else permute(x, axes=order)


def broadcast_to(array: Any, shape: Ints, subok: bool = False) -> Any:
    """`numpy.broadcast_to`: a read-only view of `array` with the wanted shape; `subok` is ignored.

    Errors:
        ShapeError: a shape that `array` does not broadcast to.
    """
    x, wanted = asarray(array), lengths_of(shape)
    return x if x.shape == wanted else expand_to(x, shape=wanted)


def expand_dims(a: Any, axis: Ints) -> Any:
    """`numpy.expand_dims`: `a` with an axis of length 1 at each position of the result that `axis` names."""
    x = asarray(a)
    axes = (axis,) if not isinstance(axis, Iterable) else tuple(axis)
    new = many_axes("expand_dims", axes, len(x.shape) + len(axes))
    rest = iter(x.shape)
    return reshape(x, tuple(1 if i in new else next(rest) for i in range(len(x.shape) + len(axes))))


def along(x: Any, axis: int, key: Any) -> Any:
    """x[:, ..., key]: indexing of one axis, counted from the left."""
    return x[(slice(None),) * axis + (key,)]


def arrays_of(arrays: Any) -> list[Any]:
    """The items of a sequence, or of the first axis of an array."""
    if hasattr(arrays, "shape"):
        return [arrays[i] for i in range(arrays.shape[0])]
    return [asarray(a) for a in arrays]


def ravel(a: Any, order: str = "C") -> Any:
    """`numpy.ravel`: the elements of `a` in one axis, in C order or in Fortran order ("F")."""
    return reshape(a, -1 if size(a) else 0, order)


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


def concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None) -> Any:
    """`numpy.concatenate`.

    Arguments:
        arrays: sequence of arrays whose shapes agree in each axis but one.
        axis: that axis; None takes all elements in C order.
        dtype: dtype of the result; None promotes.
    Returns:
        the arrays, one after the other.
    Errors:
        ShapeError: shapes that do not fit.
    """
    xs = arrays_of(arrays)
    if not xs:
        raise ShapeError("concatenate needs at least one array", fix="give a list that is not empty")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    if not xs[0].shape:
        raise ShapeError("concatenate: arrays without an axis cannot be joined", fix="use stack, or atleast_1d")
    return asarray(concat_along(*xs, axis=one_axis("concatenate", axis, len(xs[0].shape))), dtype)


def stack(arrays: Any, axis: int = 0, *, dtype: Any = None) -> Any:
    """`numpy.stack`.

    Arguments:
        arrays: sequence of n arrays of one shape.
        axis: the position of the new axis, of length n.
        dtype: dtype of the result; None promotes.
    Returns:
        the arrays along a new axis.
    Errors:
        ShapeError: shapes that differ.
    """
    xs = arrays_of(arrays)
    if not xs:
        raise ShapeError("stack needs at least one array", fix="give a list that is not empty")
    return asarray(stack_along(*xs, axis=one_axis("stack", axis, len(xs[0].shape) + 1)), dtype)


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """`numpy.broadcast_arrays`: read-only views of the arrays, all of their common shape; `subok` is ignored.

    Errors:
        ShapeError: shapes that do not broadcast.
    """
    xs = [asarray(a) for a in args]
    common = broadcast("broadcast_arrays", tuple(array_type(x.shape, x.dtype) for x in xs)) if xs else ()
    return tuple(broadcast_to(x, common) for x in xs)


def full(shape: Ints, fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    """`numpy.full`: an array of one value, which may be a Var; `order` is ignored."""
    return broadcast_to(asarray(fill_value, dtype), shape)


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    """`numpy.full_like`: an array of one value with the shape and dtype of `a`; `order` and `subok` are ignored.

    Nothing of it depends on the values of `a`. The derivative with respect to `fill_value`, if it is a Var, is kept.
    """
    x = asarray(a)
    lengths = x.shape if shape is None else lengths_of(shape)
    kind = np.dtype(x.dtype if dtype is None else dtype)
    if is_traced(fill_value) or np.ndim(fill_value):
        return broadcast_to(asarray(fill_value, kind), lengths)
    params = {"shape": lengths, "dtype": kind.name, "value": repr(np.asarray(fill_value).astype(kind).item())}
    return x.__backprop_emit__(filled, (), params) if is_traced(x) else filled(**params)


def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    """`numpy.zeros_like`: zeros with the shape and dtype of `a`; `order` and `subok` are ignored."""
    return full_like(a, 0, dtype, order, subok, shape)


def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    """`numpy.ones_like`: ones with the shape and dtype of `a`; `order` and `subok` are ignored."""
    return full_like(a, 1, dtype, order, subok, shape)


concat = concatenate
empty_like = zeros_like
permute_dims = transpose
