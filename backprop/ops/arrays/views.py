"""Views: reshape, transpose and broadcast, and the adjoint of the last, sum_to.

The primitives have normalised parameters and cheap rules; the functions with NumPy's names choose among them. A
function returns its argument itself where there is nothing to do.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import math
from functools import lru_cache
from operator import methodcaller
from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..core.batching import Batched, BatchRule, moved_axes, with_axes
from ..core.dependence import Dependence, Reading
from ..core.op import Kind, Op, always, broadcast
from ..core.rows import RowRule, Split, by_element, split_rows
from ..core.types import NumericType, Shape, ValueType, array_type, numeric, value_type
from ..elementwise.arithmetic import add
from .arguments import Axes, Ints, lengths_of, many_axes, shape_of
from .as_array import asarray, size

__all__ = ["broadcast_arrays", "broadcast_to", "permute_dims", "ravel", "reshape", "sum_to", "transpose"]

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


def _shaped(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    (x,) = operands
    return op(x, shape=(x.shape[0], *params["shape"]))


reshape_to: Op = Op(
    "reshape_to",
    _reshape_type,
    lambda x, *, shape: np.reshape(x, shape),
    lambda g, out, x, *, shape: reshape(g, shape_of(x)),
    Kind.VIEW,
    home=__name__,
    kernel=lambda x, *, shape: methodcaller("reshape", shape),
    rows=RowRule(lambda x, out, *, shape: split_rows(out, (x,), (x.shape[:1] == out.shape[:1],)), shaped=True),
    keeps_layout=always,
    batch=BatchRule(_shaped),
)


def _permute_type(x: ValueType[Any], *, axes: Axes) -> NumericType[Any]:
    (t,) = numeric("transpose", x)
    return array_type(tuple(t.shape[i] for i in axes), t.dtype)


def inverse(axes: Axes) -> Axes:
    """The axes that undo a transposition."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _permute_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    return op(*operands, axes=(0, *moved_axes(params)["axes"]))


permute: Op = Op(
    "permute",
    _permute_type,
    lambda x, *, axes: np.transpose(x, axes),
    lambda g, out, x, *, axes: permute(g, axes=inverse(axes)),
    Kind.VIEW,
    home=__name__,
    kernel=lambda x, *, axes: methodcaller("transpose", axes),
    rows=RowRule(lambda x, out, *, axes: split_rows(out, (x,), (axes[:1] == (0,),))),
    batch=BatchRule(_permute_batch),
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


def _expand_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    (x,), shape = operands, params["shape"]
    return op(with_axes(x, len(shape) + 1 - len(x.shape)), shape=(x.shape[0], *shape))


expand_to: Op = Op(
    "expand_to",
    _expand_type,
    lambda x, *, shape: np.broadcast_to(x, shape),
    lambda g, out, x, *, shape: sum_to(g, shape=shape_of(x)),
    Kind.VIEW,
    home=__name__,
    rows=RowRule(lambda x, out, *, shape: by_element(x, out), shaped=True, repeats=True),
    batch=BatchRule(_expand_batch),
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


def _sum_to_rows(x: NumericType[Any], out: NumericType[Any], *, shape: Shape) -> Split | None:
    keeps = x.ndim == out.ndim and x.shape[:1] == out.shape[:1]
    return split_rows(out, (x,), (True,), None if keeps else add)


def _sum_to_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    """The axes that the result lacks are moved before the batch, where they are summed over."""
    (x,), shape = operands, params["shape"]
    lead = len(x.shape) - 1 - len(shape)
    order = (*range(1, lead + 1), 0, *range(lead + 1, len(x.shape)))
    return op(transpose(x, order), shape=(x.shape[0], *shape))


def _sum_to_depends(reading: Reading) -> Dependence:
    (x,) = reading.operands
    _, axes = _summed(x.labels.shape, reading.shape)
    return x.over(axes).reshaped(reading.shape)


# The adjoint of broadcasting.
sum_to: Op = Op(
    "sum_to",
    _sum_to_type,
    _sum_to,
    lambda g, out, x, *, shape: broadcast_to(g, shape_of(x)),
    Kind.INTO,
    home=__name__,
    rows=RowRule(_sum_to_rows, shaped=True),
    batch=BatchRule(_sum_to_batch),
    depends=_sum_to_depends,
)


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


def ravel(a: Any, order: str = "C") -> Any:
    """`numpy.ravel`: the elements of `a` in one axis, in C order or in Fortran order ("F")."""
    return reshape(a, -1 if size(a) else 0, order)


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """`numpy.broadcast_arrays`: read-only views of the arrays, all of their common shape; `subok` is ignored.

    Errors:
        ShapeError: shapes that do not broadcast.
    """
    xs = [asarray(a) for a in args]
    common = broadcast("broadcast_arrays", tuple(array_type(x.shape, x.dtype) for x in xs)) if xs else ()
    return tuple(broadcast_to(x, common) for x in xs)


permute_dims = transpose
