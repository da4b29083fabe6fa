"""Splines as sums of B-splines, and those through points or near them, by `scipy.interpolate`'s names.

Source: de Boor, A Practical Guide to Splines, chapters IX, X and XIII.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ...errors import ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays.arguments import answer, one_axis
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.indexing.items import at_add, getitem
from ...ops.arrays.joins import concatenate
from ...ops.arrays.views import broadcast_to, reshape
from ...ops.elementwise.selection import maximum, minimum, where
from ...ops.linear_algebra import lstsq
from ...ops.linear_algebra.structured.banded import banded_solve
from ...ops.reductions import cumsum
from ..namesake import inexact
from .piecewise import column, interval, of_points, periodic_integral, put_at_axis, wrapped

__all__ = ["BSpline", "make_interp_spline", "make_lsq_spline"]


def basis(t: Any, x: Any, place: Any, k: int, nu: int = 0) -> list[Any]:
    """The k + 1 B-splines of degree k that are not 0 around points, or a derivative of them.

    Arguments:
        t: knots.
        x: points.
        place: the interval of the knots that each point is in.
        k: the degree.
        nu: the order of the derivative.
    Returns:
        arrays like the points, the first of B-spline `place - k`.
    """

    def knot(offset: int) -> Any:
        return getitem(t, place + offset)

    if nu > k:
        return [x * 0.0] * (k + 1)
    if nu:
        lower = basis(t, x, place, k - 1, nu - 1)
        rise = [lower[a - 1] / (knot(a) - knot(a - k)) * k for a in range(1, k + 1)]
        return [-rise[0], *(rise[a - 1] - rise[a] for a in range(1, k)), rise[-1]]
    values = [x * 0.0 + 1.0]
    for j in range(1, k + 1):
        parts = [values[r] / (knot(r + 1) - knot(1 - j + r)) for r in range(j)]
        before = [part * (knot(r + 1) - x) for r, part in enumerate(parts)]
        after = [part * (x - knot(1 - j + r)) for r, part in enumerate(parts)]
        values = [before[0], *(after[r - 1] + before[r] for r in range(1, j)), after[-1]]
    return values


class BSpline:
    """`scipy.interpolate.BSpline`: a sum of B-splines over knots.

    Arguments:
        t: knots (n + k + 1,), which do not descend; Vars too, as the coefficients.
        c: coefficients (n, ...) or more, of which the first n count.
        k: the degree.
        extrapolate: whether the first and the last polynomial go on beyond the ends; else NaN; or "periodic".
        axis: the axis of the coefficients.
    Errors:
        ShapeError: knots that descend, or coefficients that do not fit.
    """

    __slots__ = ("axis", "c", "extrapolate", "k", "t")

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        self.t, given, self.k = of_points(t), of_points(c), int(k)
        self.axis = one_axis("BSpline", axis, len(given.shape))
        self.c, self.extrapolate = moveaxis(given, self.axis, 0), extrapolate
        n = self.t.shape[0] - self.k - 1 if len(self.t.shape) == 1 else 0
        descends = answer(lambda v: bool(np.any(np.diff(v) < 0)), self.t)
        if self.k < 0 or n < self.k + 1 or self.c.shape[0] < n or descends:
            raise ShapeError(
                f"BSpline: {self.t.shape} knots and coefficients {given.shape} of degree {self.k}",
                user_line(),
                "give n coefficients and n + k + 1 knots that do not descend, n above k",
            )

    @classmethod
    def construct_fast(cls, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> Self:
        """One of these parts, which are not looked at."""
        made = cls.__new__(cls)
        made.t, made.c, made.k, made.extrapolate, made.axis = t, c, k, extrapolate, axis
        return made

    @property
    def tck(self) -> tuple[Any, Any, int]:
        """Knots, coefficients and degree."""
        return self.t, self.c, self.k

    @property
    def _count(self) -> int:
        return int(self.t.shape[0]) - self.k - 1

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The values, or the derivative of order `nu`, at points; as `PPoly`."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        points, n = of_points(x), self._count
        flat = reshape(points, (-1,))
        first, last = self.t[self.k], self.t[n]
        at = wrapped(flat, first, last) if extrapolate == "periodic" else flat
        place = interval(self.t, at, self.k, n - 1)
        value: Any = 0.0
        for a, factor in enumerate(basis(self.t, at, place, self.k, nu)):
            value = value + column(factor, self.c) * getitem(self.c, place + (a - self.k))
        if not extrapolate:
            value = where(column((flat >= first) & (flat <= last), value), value, np.nan)
        return put_at_axis(reshape(value, points.shape + value.shape[1:]), len(points.shape), self.axis)

    def derivative(self, nu: int = 1) -> BSpline:
        """The derivative of an order, a spline too."""
        if nu < 0:
            return self.antiderivative(-nu)
        t, c, k = self.t, self.c[: self._count], self.k
        if nu > k:
            raise ShapeError(f"BSpline: no derivative of order {nu} of degree {k}", user_line(), "call it with nu=")
        for _ in range(nu):
            width = column(t[k + 1 : -1] - t[1 : -k - 1], c)
            t, c, k = t[1:-1], (c[1:] - c[:-1]) * k / width, k - 1
        return BSpline.construct_fast(t, c, k, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> BSpline:
        """The antiderivative of an order, which is 0 at the first knot."""
        if nu < 0:
            return self.derivative(-nu)
        t, c, k = self.t, self.c[: self._count], self.k
        for _ in range(nu):
            grown = cumsum(c * column(t[k + 1 :] - t[: -k - 1], c), 0) / (k + 1)
            t, c, k = concatenate([t[:1], t, t[-1:]]), concatenate([grown[:1] * 0.0, grown]), k + 1
        periodic = self.extrapolate == "periodic"
        return BSpline.construct_fast(t, c, k, False if periodic else self.extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from `a` to `b`; without extrapolation of the part between the first and the last knot."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        made = self.antiderivative()
        whole = BSpline.construct_fast(made.t, made.c, made.k, True, 0)
        first, last = self.t[self.k], self.t[self._count]
        if extrapolate == "periodic":
            return periodic_integral(whole, first, last, a, b)
        if not extrapolate:
            a, b = (minimum(maximum(end, first), last) for end in (a, b))
        return whole(b) - whole(a)


# Splines through points.


def _prepared(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    points, values = of_points(x), of_points(y)
    axis = one_axis(name, axis, len(values.shape))
    values = moveaxis(values, axis, 0)
    ascends = len(points.shape) == 1 and answer(lambda v: bool(np.all(np.diff(v) > 0)), points)
    if not ascends or points.shape[0] != values.shape[0]:
        raise ShapeError(
            f"{name}: points of shape {points.shape} for {values.shape[0]} values along axis {axis}",
            user_line(),
            "give as many points, which ascend",
        )
    return points, values, axis


def _knots(x: Any, k: int, at_ends: bool) -> Any:
    """SciPy's knots of an interpolating spline: all points where conditions are given at the ends, else not-a-knot."""
    if at_ends or k == 1:
        inner = x[1:-1]
    elif k % 2:
        inner = x[(k + 1) // 2 : -(k + 1) // 2]
    else:
        inner = ((x[1:] + x[:-1]) / 2)[k // 2 : -(k // 2)]
    ends = [broadcast_to(end, (k + 1,)) for end in (x[:1], x[-1:])]
    return concatenate([ends[0], inner, ends[1]])


CONDITIONS = {"natural": 2, "clamped": 1}
"""The orders of the derivatives that are 0 at an end, by SciPy's names."""


def _at_ends(bc_type: Any, y: Any) -> list[list[tuple[int, Any]]]:
    """The derivatives that are given at the first and at the last point."""
    if bc_type is None or (isinstance(bc_type, str) and bc_type == "not-a-knot"):
        return [[], []]
    pair = [bc_type, bc_type] if isinstance(bc_type, str) else bc_type
    found = []
    for one in pair:
        if isinstance(one, str) and one not in CONDITIONS:
            raise ShapeError(
                f"make_interp_spline: no condition {one!r}", user_line(), "use natural, clamped or derivatives"
            )
        found.append(
            [] if one is None else [(CONDITIONS[one], np.zeros(y.shape[1:]))] if isinstance(one, str) else list(one)
        )
    return found


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0, check_finite: bool = True
) -> BSpline:
    """`scipy.interpolate.make_interp_spline`: the spline of degree k through values.

    Arguments:
        x: points, which ascend; Vars too, as everything here.
        y: values along an axis.
        k: the degree.
        t: knots; SciPy's by default.
        bc_type: None, "natural", "clamped", "not-a-knot", or for both ends lists of (order, derivative).
        axis: the axis.
        check_finite: ignored.
    Returns:
        the spline.
    Errors:
        ShapeError: points, values, knots and conditions whose numbers do not fit; "periodic".
    """
    points, values, axis = _prepared("make_interp_spline", x, y, axis)
    left, right = _at_ends(bc_type, values)
    if k == 0:
        return BSpline.construct_fast(concatenate([points, points[-1:]]), values, 0, True, axis)
    knots = _knots(points, k, bool(left or right)) if t is None else of_points(t)
    n = knots.shape[0] - k - 1
    if n != points.shape[0] + len(left) + len(right):
        raise ShapeError(
            f"make_interp_spline: {n} coefficients, {points.shape[0]} values, {len(left) + len(right)} derivatives",
            user_line(),
            "give as many conditions as coefficients",
        )
    place = interval(knots, points, k, n - 1)
    rows = np.arange(points.shape[0]) + len(left)
    band = _placed(np.zeros((2 * k + 1, n)), basis(knots, points, place, k), rows, place, k)
    sides = [asarray(values)]
    for first_row, end, given in ((0, 0, left), (n - len(right), -1, right)):
        one, at = points[[end]], place[[end]]
        for i, (order, _) in enumerate(given):
            band = _placed(band, basis(knots, one, at, k, order), np.array([first_row + i]), at, k)
        derivatives = [reshape(asarray(value), (1, *values.shape[1:])) for _, value in given]
        sides = [*derivatives, *sides] if end == 0 else [*sides, *derivatives]
    right_side = concatenate([asarray(side, inexact(*sides)) for side in sides])
    found = banded_solve(band, reshape(right_side, (n, -1)), lower=k, upper=k)
    return BSpline.construct_fast(knots, reshape(found, right_side.shape), k, True, axis)


def _placed(band: Any, values: list[Any], rows: Any, place: Any, k: int) -> Any:
    """The diagonals of a matrix with the values of the B-splines around points added, a row for each point."""
    columns = stack([place + (a - k) for a in range(k + 1)])
    return at_add(band, (k + rows - columns, columns), stack(values))


def make_lsq_spline(
    x: Any, y: Any, t: Any, k: int = 3, w: Any = None, axis: int = 0, check_finite: bool = True
) -> BSpline:
    """`scipy.interpolate.make_lsq_spline`: the spline over knots that comes closest to values, in least squares.

    Arguments:
        x: points, which ascend; Vars too, as everything here.
        y: values along an axis.
        t: knots.
        k: the degree.
        w: weights of the distances, not squared.
        axis: the axis.
        check_finite: ignored.
    Returns:
        the spline.
    """
    points, values, axis = _prepared("make_lsq_spline", x, y, axis)
    knots = of_points(t)
    n = knots.shape[0] - k - 1
    place = interval(knots, points, k, n - 1)
    columns = stack([place + (a - k) for a in range(k + 1)])
    matrix = at_add(
        np.zeros((points.shape[0], n)), (np.arange(points.shape[0]), columns), stack(basis(knots, points, place, k))
    )
    weights = np.ones(points.shape[0]) if w is None else of_points(w)
    sides = reshape(values, (points.shape[0], -1))
    found = lstsq(matrix * column(weights, matrix), sides * column(weights, sides))[0]
    return BSpline.construct_fast(knots, reshape(found, (n, *values.shape[1:])), k, True, axis)
