"""Cubic interpolants: splines, and those whose slopes follow from the neighbours, by `scipy.interpolate`'s names.

Sources: de Boor, A Practical Guide to Splines, chapter IV; Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 1984;
Akima, J. ACM 17, 1970.
"""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays.arguments import one_axis
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.joins import concatenate
from ...ops.elementwise.arithmetic import absolute, sign
from ...ops.elementwise.selection import where
from ...ops.reductions import max
from ..namesake import inexact, one_of
from .piecewise import PPoly, ascending, column, of_points
from .splines import cubic_slopes


def points_and_values(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Points, values with their axis in front, and that axis counted from the left.

    Errors:
        ShapeError: they do not fit.
    """
    points, values = ascending(name, x), of_points(y)
    axis = one_axis(name, axis, len(values.shape))
    if values.shape[axis] != points.shape[0]:
        raise ShapeError(
            f"{name}: {points.shape[0]} points for values of shape {values.shape} along axis {axis}",
            user_line(),
            "give a value for each point",
        )
    return points, moveaxis(values, axis, 0), axis


def slopes_of(x: Any, y: Any) -> tuple[Any, Any]:
    """The distances of points, as a column, and the slopes of the values between them."""
    width = column(x[1:] - x[:-1], y)
    return width, (y[1:] - y[:-1]) / width


class CubicHermiteSpline(PPoly):
    """`scipy.interpolate.CubicHermiteSpline`: cubic polynomials of given values and slopes at points.

    Arguments:
        x: points, which ascend; Vars too, as everything here.
        y: values along an axis.
        dydx: slopes, of the shape of `y`.
        axis: the axis.
        extrapolate: as that of `PPoly`.
    Errors:
        ShapeError: points, values and slopes that do not fit.
    """

    __slots__ = ()

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        points, values, axis = points_and_values(type(self).__name__, x, y, axis)
        slopes = of_points(dydx)
        if len(slopes.shape) != len(values.shape):
            raise ShapeError(f"slopes of shape {slopes.shape} for values {values.shape}", user_line(), "give one each")
        self._fill(points, values, moveaxis(slopes, axis, 0), axis, extrapolate)

    def _fill(self, x: Any, y: Any, slopes: Any, axis: int, extrapolate: Any) -> None:
        """Make the coefficients."""
        width, mean = slopes_of(x, y)
        bend = (slopes[:-1] + slopes[1:] - 2 * mean) / width
        parts = [bend / width, (mean - slopes[:-1]) / width - bend, slopes[:-1], y[:-1]]
        dtype = inexact(*parts)
        self.c, self.x, self.axis = stack([asarray(part, dtype) for part in parts]), x, axis
        self.extrapolate = True if extrapolate is None else extrapolate


class PchipInterpolator(CubicHermiteSpline):
    """`scipy.interpolate.PchipInterpolator`: monotonic where the values are.

    Arguments:
        x: points, which ascend.
        y: real values along an axis.
        axis: the axis.
        extrapolate: as that of `PPoly`.
    """

    __slots__ = ()

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        points, values, axis = points_and_values("PchipInterpolator", x, y, axis)
        self._fill(points, values, _monotonic(points, values), axis, extrapolate)


def _monotonic(x: Any, y: Any) -> Any:
    """Slopes at points: weighted harmonic means of those on both sides, 0 where these have not one sign."""
    width, mean = slopes_of(x, y)
    if y.shape[0] == 2:
        return concatenate([mean, mean])
    flat = (sign(mean[1:]) != sign(mean[:-1])) | (mean[1:] == 0) | (mean[:-1] == 0)
    before, after = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    left, right = where(flat, 1.0, mean[:-1]), where(flat, 1.0, mean[1:])
    inner = where(flat, 0.0, (before + after) / (before / left + after / right))
    first = _end(width[:1], width[1:2], mean[:1], mean[1:2])
    last = _end(width[-1:], width[-2:-1], mean[-1:], mean[-2:-1])
    return concatenate([first, inner, last])


def _end(width: Any, next_width: Any, mean: Any, next_mean: Any) -> Any:
    """The slope at an end, of a parabola, as far as that keeps the values monotonic."""
    slope = ((2 * width + next_width) * mean - width * next_mean) / (width + next_width)
    steep = (sign(mean) != sign(next_mean)) & (absolute(slope) > 3.0 * absolute(mean))
    return where(sign(slope) != sign(mean), 0.0, where(steep, 3.0 * mean, slope))


class Akima1DInterpolator(CubicHermiteSpline):
    """`scipy.interpolate.Akima1DInterpolator`: slopes from the five neighbours of a point.

    Arguments:
        x: points, which ascend.
        y: real values along an axis.
        axis: the axis.
        method: "akima" or "makima".
        extrapolate: as that of `PPoly`; False by default.
    """

    __slots__ = ()

    def __init__(
        self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: bool | None = None
    ) -> None:
        one_of("Akima1DInterpolator", "method", method, ("akima", "makima"))
        points, values, axis = points_and_values("Akima1DInterpolator", x, y, axis)
        slopes = _of_neighbours(points, values, method)
        self._fill(points, values, slopes, axis, False if extrapolate is None else extrapolate)


def _of_neighbours(x: Any, y: Any, method: str) -> Any:
    """Slopes at points: means of those on both sides, of which the one with the calmer neighbour counts for more."""
    _, mean = slopes_of(x, y)
    if y.shape[0] == 2:
        return concatenate([mean, mean])
    first, last = 2 * mean[:1] - mean[1:2], 2 * mean[-1:] - mean[-2:-1]
    m = concatenate([2 * first - mean[:1], first, mean, last, 2 * last - mean[-1:]])
    change, size = absolute(m[1:] - m[:-1]), absolute(m[1:] + m[:-1])
    right, left = change[2:], change[:-2]
    if method == "makima":
        right, left = right + 0.5 * size[2:], left + 0.5 * size[:-2]
    both = right + left
    known = both > (1e-9 if method == "akima" else 0.0) * max(both)
    share = where(known, left, 0.0) / where(known, both, 1.0)
    return where(known, m[1:-2] + share * (m[2:-1] - m[1:-2]), 0.5 * (m[3:] + m[:-3]))


class CubicSpline(CubicHermiteSpline):
    """`scipy.interpolate.CubicSpline`: the cubic spline through values, twice continuously differentiable.

    Arguments:
        x: points, which ascend.
        y: values along an axis.
        axis: the axis.
        bc_type: "not-a-knot", "clamped", "natural" or "periodic"; or a pair, for both ends, of these names or of an
            order, 1 or 2, and the derivative of that order.
        extrapolate: as that of `PPoly`; "periodic" of a periodic spline.
    Errors:
        ShapeError: points and values that do not fit; another condition.
    """

    __slots__ = ()

    def __init__(self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> None:
        points, values, axis = points_and_values("CubicSpline", x, y, axis)
        periodic = isinstance(bc_type, str) and bc_type == "periodic"
        slopes = cubic_slopes(points, values, bc_type)
        self._fill(points, values, slopes, axis, "periodic" if periodic and extrapolate is None else extrapolate)
