"""Arrays with more elements at their ends, constants or elements of their own; see composites/pads.py for all modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import GraphTypeError, ShapeError
from ..core.batching import Batched, BatchRule
from ..core.dependence import moves
from ..core.op import Op
from ..core.types import NumericType, Shape, ValueType, array_type, numeric
from .arguments import along, many_axes, shape_of
from .as_array import asarray
from .joins import concatenate
from .views import broadcast_to

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


def _pad_batch(op: Any, batched: Batched, operands: Any, params: Any) -> Any:
    return op(*operands, widths=((0, 0), *params["widths"]), value=params["value"])


pad_with: Op = Op(
    "pad_with",
    _pad_type,
    _pad,
    lambda g, out, x, *, widths, value: g[_inside(shape_of(x), widths)],
    home=__name__,
    batch=BatchRule(_pad_batch),
    depends=moves(value=0),
)


def pad_widths(pad_width: Any, count: int) -> tuple[tuple[int, int], ...]:
    """How many elements to add before and after, for each of `count` axes.

    Errors:
        GraphTypeError: widths that are no integers. ShapeError: widths below zero.
    """
    given = [*pad_width.values()] if isinstance(pad_width, dict) else [pad_width]
    if any(np.asarray(widths).dtype.kind not in "iu" for widths in given):
        raise GraphTypeError(f"pad: the widths {pad_width} are no integers", fix="give integers")
    if any(np.any(np.asarray(widths) < 0) for widths in given):
        raise ShapeError(f"pad: the widths {pad_width} hold one below zero", fix="cut arrays with x[...]")
    if isinstance(pad_width, dict):
        named = dict(zip(many_axes("pad", tuple(pad_width), count), pad_width.values(), strict=True))
        pad_width = [named.get(i, 0) for i in range(count)]
        return tuple(tuple(np.broadcast_to(pair, 2).tolist()) for pair in pad_width)
    return tuple((a, b) for a, b in np.broadcast_to(pad_width, (count, 2)).tolist())


def pad_places(x: Any, widths: tuple[tuple[int, int], ...], mode: str) -> Any:
    """An array continued by its own elements, in one of NumPy's modes edge, reflect, symmetric and wrap."""
    for axis, width in enumerate(widths):
        if any(width):
            x = along(x, axis, np.pad(np.arange(x.shape[axis]), width, mode))  # type: ignore[call-overload]
    return x


def pad_constant(x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    """An array continued by a value, a Var too, or by one for each end of each axis."""
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
