"""Arrays with more elements at their ends, in all of NumPy's modes.

Source of names and defaults: the NumPy 2 reference.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..arrays.arguments import along
from ..arrays.as_array import asarray, stack
from ..arrays.axes import moveaxis
from ..arrays.joins import concatenate
from ..arrays.padding import pad_constant, pad_places, pad_widths
from ..arrays.views import broadcast_to, reshape
from ..reductions.quantiles import median
from ..reductions.reductions import max, mean, min

__all__ = ["pad"]

Reduce = Callable[..., Any]
STATISTICS: Mapping[str, Reduce] = MappingProxyType({"maximum": max, "minimum": min, "mean": mean, "median": median})
ALLOWED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("empty", "edge", "wrap"), ()),
        **dict.fromkeys(("reflect", "symmetric"), ("reflect_type",)),
        **dict.fromkeys(STATISTICS, ("stat_length",)),
        **{"constant": ("constant_values",), "linear_ramp": ("end_values",)},
    }
)
"""The modes, and the options of each."""


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """`numpy.pad`.

    Arguments:
        array: array of n axes.
        pad_width: an int, a pair, n pairs, or a dict from axis to pair: how many elements to add before and after.
        mode: any of NumPy's by name, or a function (vector, (before, after), axis, kwargs) that writes into vectors.
        kwargs: `constant_values` or `end_values`, one for all, a pair or n pairs, Vars too; `reflect_type`, "even" or
            "odd"; `stat_length`, over how many elements at an end a maximum, minimum, mean or median is taken.
    Returns:
        the padded array; with mode "empty", zeros are added.
    Errors:
        ShapeError: another mode or option.
    """
    x = asarray(array)
    if callable(mode):
        return _by_function(x, pad_widths(pad_width, len(x.shape)), mode, kwargs)
    if mode not in ALLOWED:
        raise ShapeError(f"pad: there is no mode {mode!r}", fix=f"use one of {', '.join(sorted(ALLOWED))}")
    if set(kwargs) - set(ALLOWED[mode]):
        raise ShapeError(
            f"pad: mode {mode!r} has no options {sorted(set(kwargs) - set(ALLOWED[mode]))}", fix="leave out"
        )
    widths = pad_widths(pad_width, len(x.shape))
    if mode in ("constant", "empty"):
        return pad_constant(x, widths, kwargs.get("constant_values", 0))
    if any(n == 0 and (before or after) for n, (before, after) in zip(x.shape, widths, strict=True)):
        raise ShapeError(f"pad: mode {mode!r} finds nothing to repeat in {x.shape}", fix='use "constant" or "empty"')
    if mode in STATISTICS:
        return _by_statistics(x, widths, STATISTICS[mode], kwargs.get("stat_length"))
    if mode == "linear_ramp":
        return _ramps(x, widths, kwargs.get("end_values", 0))
    kind = kwargs.get("reflect_type", "even")
    if kind not in ("even", "odd"):
        raise ShapeError(f"pad: there is no reflect_type {kind!r}", fix='use "even" or "odd"')
    return pad_places(x, widths, mode) if kind == "even" else _turned_about(x, widths, mode == "symmetric")


def _by_function(x: Any, widths: Any, write: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    """What a function makes that writes into each vector along each axis in turn, the ends of which are zeros first."""
    padded = pad_constant(x, widths, 0)
    for axis, width in enumerate(widths):
        lines = moveaxis(padded, axis, -1)
        rows = [asarray(row).copy() for row in reshape(lines, (-1, lines.shape[-1]))] if padded.size else []
        for row in rows:
            write(row, width, axis, kwargs)
        padded = moveaxis(reshape(stack(rows), lines.shape), -1, axis) if rows else padded
    return padded


def _pairs(given: Any, count: int) -> Any:
    """An option for both ends of each axis."""
    return broadcast_to(asarray(given), (count, 2))


def _by_statistics(x: Any, widths: Any, reduce: Reduce, length: Any) -> Any:
    lengths = [(None, None)] * len(widths) if length is None else _pairs(length, len(widths)).tolist()
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, lengths, strict=True)):
        n = x.shape[axis]
        if not before and not after:
            continue
        if 0 in (first, last) and reduce in (max, min):
            raise ShapeError("pad: a stat_length of 0 has no maximum or minimum", fix="give 1 or more")
        ends = [slice(0, n if first is None else first), slice(0 if last is None else n - builtins.min(n, last), n)]
        parts = [reduce(along(x, axis, end), axis, keepdims=True) for end in ends]
        sizes = [(*x.shape[:axis], m, *x.shape[axis + 1 :]) for m in (before, after)]
        left, right = (broadcast_to(_fitting(part, x.dtype), size) for part, size in zip(parts, sizes, strict=True))
        x = concatenate([left, x, right], axis)
    return x


def _fitting(value: Any, dtype: np.dtype[Any]) -> Any:
    """A value as a dtype; rounded where that is one of integers."""
    return asarray(np.rint(value) if dtype.kind in "iu" and value.dtype.kind == "f" else value, dtype)


def _ramps(x: Any, widths: Any, values: Any) -> Any:
    ends = _pairs(values, len(widths))
    for axis, (before, after) in enumerate(widths):
        column = (-1,) + (1,) * (len(x.shape) - axis - 1)
        edges = along(x, axis, slice(0, 1)), along(x, axis, slice(x.shape[axis] - 1, None))
        up = reshape(np.arange(before), column) / builtins.max(before, 1)
        down = reshape(np.arange(after)[::-1], column) / builtins.max(after, 1)
        left = ends[axis, 0] + (edges[0] - ends[axis, 0]) * up
        right = ends[axis, 1] + (edges[1] - ends[axis, 1]) * down
        x = concatenate([_truncated(left, x.dtype), x, _truncated(right, x.dtype)], axis)
    return x


def _truncated(value: Any, dtype: np.dtype[Any]) -> Any:
    return asarray(np.floor(value) if dtype.kind in "iu" and value.dtype.kind == "f" else value, dtype)


def _turned_about(x: Any, widths: Any, with_edge: bool) -> Any:
    """An array continued by itself turned about its ends: twice the edge less what lies on its other side."""
    for axis, (before, after) in enumerate(widths):
        n = x.shape[axis]
        if n < 2 and not with_edge:
            x = pad_places(x, tuple((before, after) if i == axis else (0, 0) for i in range(len(widths))), "edge")
            continue
        start, period = (0, n) if with_edge else (1, n - 1)
        while before:
            m = builtins.min(before, period)
            chunk = along(x, axis, slice(start, start + m))
            mirrored = along(chunk, axis, slice(None, None, -1))
            x, before = concatenate([2 * along(x, axis, slice(0, 1)) - mirrored, x], axis), before - m
        while after:
            m, length = builtins.min(after, period), x.shape[axis]
            chunk = along(x, axis, slice(length - start - m, length - start))
            mirrored = along(chunk, axis, slice(None, None, -1))
            x, after = concatenate([x, 2 * along(x, axis, slice(length - 1, None)) - mirrored], axis), after - m
    return x
