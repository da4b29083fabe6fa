"""The slopes of cubic splines at their points, which solve a tridiagonal system.

Source: de Boor, A Practical Guide to Splines, chapter IV.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays.arguments import answer
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.indexing.items import at_set
from ...ops.arrays.joins import concatenate
from ...ops.arrays.views import reshape
from ...ops.linear_algebra import solve
from ...ops.linear_algebra.structured.banded import banded_solve
from ...ops.reductions import sum
from ..namesake import one_of
from .piecewise import column


class _Row(NamedTuple):
    """The equation of an end: the factors of the slope there and of the next one, and the right side."""

    here: Any
    beside: Any
    right: Any


NAMED = {"clamped": 1, "natural": 2}
"""The orders of the derivatives that are 0 at an end, by SciPy's names."""


def _conditions(bc_type: Any, y: Any) -> list[Any]:
    """The condition of each end: None of a periodic spline, "not-a-knot", or an order and a derivative."""
    pair: list[Any] = [bc_type, bc_type] if isinstance(bc_type, str) else list(bc_type)
    if len(pair) != 2:
        raise ShapeError(f"CubicSpline: {bc_type} are not the conditions of two ends", user_line(), "give a pair")
    for k, one in enumerate(pair):
        if isinstance(one, str):
            one_of("CubicSpline", "condition", one, ("not-a-knot", "clamped", "natural", "periodic"))
            pair[k] = (NAMED[one], np.zeros(y.shape[1:])) if one in NAMED else one
        elif one[0] not in (1, 2):
            raise ShapeError(f"CubicSpline: a derivative of order {one[0]}", user_line(), "give order 1 or 2")
    return pair


def cubic_slopes(x: Any, y: Any, bc_type: Any) -> Any:
    """The slopes of the cubic spline through values along the first axis, of the values' shape."""
    ends = _conditions(bc_type, y)
    width = x[1:] - x[:-1]
    wide = column(width, y)
    mean = (y[1:] - y[:-1]) / wide
    n = y.shape[0]
    if any(isinstance(end, str) and end == "periodic" for end in ends):
        if not answer(lambda v: bool(np.allclose(np.asarray(v)[0], np.asarray(v)[-1], rtol=1e-15, atol=1e-15)), y):
            raise ShapeError("CubicSpline: the first and last value of a period differ", user_line(), "make them equal")
        return _periodic(width, mean, n)
    if n == 2:
        ends = [(1, mean[0]) if isinstance(end, str) else end for end in ends]
    if n == 3 and all(isinstance(end, str) for end in ends):
        return _parabola(width, mean)
    right = 3 * (wide[1:] * mean[:-1] + wide[:-1] * mean[1:])
    first = _end(ends[0], width, mean, 1.0)
    last = _end(ends[1], width[::-1], mean[::-1], -1.0)
    dtype = np.result_type(width.dtype, mean.dtype)
    diagonals = [
        [np.zeros(1), first.beside, width[:-1]],
        [first.here, 2 * (width[:-1] + width[1:]), last.here],
        [width[1:], last.beside, np.zeros(1)],
    ]
    band = stack([concatenate([asarray(part, dtype) for part in diagonal]) for diagonal in diagonals])
    sides = concatenate([asarray(part, dtype) for part in (first.right, right, last.right)])
    return reshape(banded_solve(band, reshape(sides, (n, -1)), lower=1, upper=1), y.shape)


def _end(condition: Any, width: Any, mean: Any, sign: float) -> _Row:
    """The equation of an end; of the last one with the order of intervals reversed, and the sign of its curvature."""
    if isinstance(condition, str):
        both = width[:1] + width[1:2]
        wide, next_wide, total = (column(part, mean) for part in (width[:1], width[1:2], both))
        right = ((wide + 2 * total) * next_wide * mean[:1] + wide**2 * mean[1:2]) / total
        return _Row(width[1:2], both, right)
    order, value = condition
    value = reshape(asarray(value), (1, *mean.shape[1:]))
    if order == 1:
        return _Row(np.ones(1), np.zeros(1), value)
    wide = column(width[:1], mean)
    return _Row(2 * width[:1], width[:1], 3 * mean[:1] * wide - sign * 0.5 * value * wide**2)


def _parabola(width: Any, mean: Any) -> Any:
    """The slopes of the parabola through three points."""
    h, k = (column(width[i : i + 1], mean) for i in (0, 1))
    bend = (mean[1:] - mean[:1]) / (h + k)
    return concatenate([mean[:1] - h * bend, mean[:1] + h * bend, mean[1:] + k * bend])


def _periodic(width: Any, mean: Any, n: int) -> Any:
    """The slopes of a periodic spline; the last is the first."""
    if n == 2:
        return concatenate([mean, mean]) * 0.0
    if n == 3:
        wide = column(width, mean)
        slope = sum(mean / wide, 0, keepdims=True) / sum(1 / wide, 0, keepdims=True)
        return concatenate([slope, slope, slope])
    before, after = concatenate([width[-1:], width[:-1]]), width
    mean_before = concatenate([mean[-1:], mean[:-1]])
    places = np.arange(n - 1)
    matrix = np.zeros((n - 1, n - 1))
    matrix = at_set(matrix, (places, (places - 1) % (n - 1)), after)
    matrix = at_set(matrix, (places, (places + 1) % (n - 1)), before)
    matrix = at_set(matrix, (places, places), 2 * (before + after))
    wide_before, wide = column(before, mean), column(after, mean)
    right = 3 * (wide * mean_before + wide_before * mean)
    slopes = reshape(solve(matrix, reshape(right, (n - 1, -1))), right.shape)
    return concatenate([slopes, slopes[:1]])
