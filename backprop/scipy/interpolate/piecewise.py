"""Piecewise polynomials: the class that most interpolants are, by values and by points.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any, Self

import numpy as np
import scipy.interpolate
import scipy.special

from ...errors import ShapeError, UnknownFunctionError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays.arguments import answer, is_traced, one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.indexing.items import getitem
from ...ops.arrays.joins import concatenate
from ...ops.arrays.views import reshape, transpose
from ...ops.composites.searching import searchsorted
from ...ops.elementwise.arithmetic import remainder
from ...ops.elementwise.rounding import floor
from ...ops.elementwise.selection import maximum, minimum, where
from ...ops.reductions import cumsum
from ..namesake import inexact


def of_points(x: Any) -> Any:
    """Points as an array of fractions."""
    points = asarray(x)
    return asarray(points, inexact(points))


def ascending(name: str, x: Any) -> Any:
    """Breakpoints, as fractions.

    Errors:
        ShapeError: they are no vector of two or more, or do not ascend.
    """
    points = of_points(x)
    if len(points.shape) != 1 or points.shape[0] < 2 or points.dtype.kind == "c":
        raise ShapeError(f"{name} takes a real vector of points, not the shape {points.shape}", user_line(), "ravel it")
    if not answer(lambda v: bool(np.all(np.diff(v) > 0)), points):
        raise ShapeError(f"{name}: the points do not ascend", user_line(), "sort them, and the values with them")
    return points


def column(x: Any, like: Any) -> Any:
    """A vector with axes of length 1 behind it, so that it broadcasts with the first axis of an array."""
    return reshape(x, (-1,) + (1,) * (len(like.shape) - 1))


def interval(x: Any, at: Any, first: int, last: int) -> Any:
    """The number of the interval of breakpoints that each point is in; the first and the last go on for ever."""
    return minimum(maximum(searchsorted(x, at, "right") - 1, first), last)


class PPoly:
    """`scipy.interpolate.PPoly`: polynomials of one degree between breakpoints.

    Arguments:
        c: coefficients (k, m, ...), or (..., k, m, ...) where the axis says so, from the highest power of the distance
            to the left breakpoint down; Vars too.
        x: the m + 1 breakpoints, which ascend.
        extrapolate: whether the first and the last polynomial go on beyond the ends; else NaN; or "periodic".
        axis: where the points' axes stand in a result.
    Errors:
        ShapeError: breakpoints that do not ascend or fit.
    """

    __slots__ = ("axis", "c", "extrapolate", "x")

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        self.c = of_points(c)
        self.axis = one_axis("PPoly", axis, max(1, len(self.c.shape) - 1))
        self.c = moveaxis(self.c, (self.axis, self.axis + 1), (0, 1)) if self.axis else self.c
        self.x = ascending(type(self).__name__, x)
        self.extrapolate = True if extrapolate is None else extrapolate
        if len(self.c.shape) < 2 or self.c.shape[1] != self.x.shape[0] - 1:
            raise ShapeError(
                f"PPoly: coefficients of shape {self.c.shape} for {self.x.shape[0]} breakpoints",
                user_line(),
                "give (k, m, ...) coefficients for m + 1 breakpoints",
            )

    @classmethod
    def construct_fast(cls, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Self:
        """One of these parts, which are not looked at."""
        made = cls.__new__(cls)
        made.c, made.x, made.axis = c, x, axis
        made.extrapolate = True if extrapolate is None else extrapolate
        return made

    def _like(self, c: Any) -> PPoly:
        """A polynomial over the same breakpoints."""
        return PPoly.construct_fast(c, self.x, self.extrapolate, self.axis)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The values, or the derivative of order `nu`, at points.

        Arguments:
            x: points of any shape, a Var too.
            nu: the order.
            extrapolate: as that of the class, which it takes the place of.
        Returns:
            an array with the axes of the points at the place of the interpolation's axis.
        """
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        points = of_points(x)
        flat = reshape(points, (-1,))
        coefficients = (self.derivative(nu) if nu else self).c
        at = wrapped(flat, self.x[0], self.x[-1]) if extrapolate == "periodic" else flat
        places = interval(self.x, at, 0, self.x.shape[0] - 2)
        by = column(at - getitem(self.x, places), coefficients[0])
        value = getitem(coefficients[0], places)
        for k in range(1, coefficients.shape[0]):
            value = value * by + getitem(coefficients[k], places)
        if not extrapolate:
            value = where(column((flat >= self.x[0]) & (flat <= self.x[-1]), value), value, np.nan)
        return put_at_axis(reshape(value, points.shape + value.shape[1:]), len(points.shape), self.axis)

    def derivative(self, nu: int = 1) -> PPoly:
        """The derivative of an order, itself piecewise polynomial."""
        if nu < 0:
            return self.antiderivative(-nu)
        if nu == 0:
            return self._like(self.c)
        k = self.c.shape[0] - nu
        if k <= 0:
            return self._like(self.c[:1] * 0.0)
        factors = scipy.special.poch(np.arange(k, 0, -1), nu)
        return self._like(self.c[:k] * column(factors, self.c))

    def antiderivative(self, nu: int = 1) -> PPoly:
        """The continuous antiderivative of an order, which is 0 at the first breakpoint."""
        if nu <= 0:
            return self.derivative(-nu)
        whole, width = self._like(self.c), self.x[1:] - self.x[:-1]
        for _ in range(nu):
            c = whole.c / column(np.arange(whole.c.shape[0], 0, -1), whole.c)
            powers = [column(width ** (c.shape[0] - k), c[0]) for k in range(c.shape[0])]
            gained = reduce(add, [c[k] * powers[k] for k in range(c.shape[0])])
            start = concatenate([gained[:1] * 0.0, cumsum(gained, 0)[:-1]])
            whole = self._like(concatenate([c, start[None]]))
        return whole

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from `a` to `b`, numbers, Vars too."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        whole = self.antiderivative()
        if extrapolate != "periodic":
            return whole._at(b, extrapolate) - whole._at(a, extrapolate)
        return periodic_integral(lambda t: whole._at(t, True), self.x[0], self.x[-1], a, b)

    def _at(self, x: Any, extrapolate: Any) -> Any:
        """The value at one point, without its place of the axis."""
        return PPoly.construct_fast(self.c, self.x, True, 0)(x, 0, extrapolate)

    def extend(self, c: Any, x: Any) -> None:
        """Add polynomials on the right, or on the left where the points lie there."""
        more, points = of_points(c), of_points(x)
        k = max(self.c.shape[0], more.shape[0])
        old, new = (np_padded(part, k) for part in (self.c, more))
        right = answer(lambda v: bool(v >= 0), points[0] - self.x[-1])
        self.c = concatenate([old, new] if right else [new, old], 1)
        self.x = concatenate([self.x, points] if right else [points, self.x])

    def solve(self, y: Any = 0.0, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        """Where the polynomials are `y`: of plain coefficients only, and SciPy's."""
        if is_traced(self.c) or is_traced(self.x) or is_traced(y):
            raise UnknownFunctionError(
                f"{type(self).__name__}.solve takes no traced values: how many roots there are depends on them",
                user_line(),
                "find a root of the interpolant with backprop.scipy.optimize",
            )
        return scipy.interpolate.PPoly(self.c, self.x, self.extrapolate).solve(y, discontinuity, extrapolate)

    def roots(self, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        """Where the polynomials are 0; see `solve`."""
        return self.solve(0.0, discontinuity, extrapolate)


def np_padded(c: Any, k: int) -> Any:
    """Coefficients with zeros for the highest powers, k of them in all."""
    missing = k - c.shape[0]
    return concatenate([np.zeros((missing, *c.shape[1:]), c.dtype), c]) if missing else c


def wrapped(x: Any, first: Any, last: Any) -> Any:
    """Points moved into a period."""
    return first + remainder(x - first, last - first)


def periodic_integral(whole: Any, first: Any, last: Any, a: Any, b: Any) -> Any:
    """The integral of a periodic function from its antiderivative over one period."""
    period = last - first

    def grown(t: Any) -> Any:
        return floor((t - first) / period) * whole(last) + whole(wrapped(of_points(t), first, last))

    return grown(b) - grown(a)


def put_at_axis(value: Any, rank: int, axis: int) -> Any:
    """A result whose first `rank` axes are those of points, with these at the place of an axis of the values."""
    if not axis:
        return value
    order = list(range(len(value.shape)))
    return transpose(value, order[rank : rank + axis] + order[:rank] + order[rank + axis :])
