"""Interpolation between the points of grids, and between those of a line, by `scipy.interpolate`'s names.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from itertools import product
from string import ascii_lowercase
from typing import Any

import numpy as np
import scipy.interpolate

from ...errors import OutOfRangeError, ShapeError
from ...graph.tracing.source_lines import user_line
from ...ops.arrays.arguments import answer, is_traced, one_axis
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.indexing.items import getitem
from ...ops.arrays.views import broadcast_arrays, broadcast_to, reshape
from ...ops.composites.searching import searchsorted
from ...ops.elementwise.selection import maximum, minimum, where
from ...ops.linear_algebra.contractions import einsum
from ..namesake import namesake, refuse_unless
from .bsplines import BSpline, make_interp_spline
from .piecewise import ascending, column, interval, of_points, put_at_axis

__all__ = ["RegularGridInterpolator", "interp1d", "interpn"]

DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}
"""The degrees of splines on grids by SciPy's names."""


def known(name: str, method: str) -> str:
    """A method of interpolation on grids.

    Errors:
        GraphTypeError: a method that there is none of on grids here.
        ShapeError: there is no such method.
    """
    refuse_unless(
        method not in ("pchip", "splinef2d", *(f"{degree}_legacy" for degree in DEGREES)),
        f"{name}: there is no method {method!r} here",
        'use "linear", "nearest", "cubic" or "quintic", or PchipInterpolator along each axis',
    )
    if method not in ("linear", "nearest", *DEGREES):
        raise ShapeError(f"{name}: there is no method {method!r}", user_line(), 'use "linear", "nearest" or "cubic"')
    return method


class RegularGridInterpolator:
    """`scipy.interpolate.RegularGridInterpolator`: between the points of a rectangular grid.

    Arguments:
        points: for each axis its coordinates, which ascend or, where they are plain, descend; Vars too.
        values: (m1, ..., mn, ...), Vars too.
        method: "linear", "nearest", or a spline along each axis: "slinear", "cubic" or "quintic".
        bounds_error: whether points beyond the grid are an error.
        fill_value: their value where they are none; None goes on as the last interval does.
        solver, solver_args: ignored.
    Errors:
        GraphTypeError: another method.
        ShapeError: coordinates that do not fit.
    """

    __slots__ = ("bounds_error", "fill_value", "grid", "method", "values")

    def __init__(
        self,
        points: Any,
        values: Any,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = np.nan,
        *,
        solver: Any = None,
        solver_args: Any = None,
    ) -> None:
        self.method = known("RegularGridInterpolator", method)
        self.bounds_error, self.fill_value = bounds_error, fill_value
        array, grid = of_points(values), []
        for i, one in enumerate(points):
            line = of_points(one)
            if not is_traced(line) and line.shape[0] > 1 and line[0] > line[1]:
                line, array = line[::-1], array[(slice(None),) * i + (slice(None, None, -1),)]
            grid.append(ascending("RegularGridInterpolator", line))
        if tuple(line.shape[0] for line in grid) != tuple(array.shape[: len(grid)]):
            raise ShapeError(
                f"RegularGridInterpolator: values of shape {array.shape} on a grid of other lengths",
                user_line(),
                "give a value for each point of the grid",
            )
        self.grid, self.values = tuple(grid), array

    def __call__(self, xi: Any, method: str | None = None, *, nu: Any = None) -> Any:
        """The values at points.

        Arguments:
            xi: (..., n), or a tuple of n arrays that broadcast; Vars too.
            method: in the place of that of the class.
            nu: None.
        Errors:
            GraphTypeError: `nu` given. OutOfRangeError: points beyond the grid, with `bounds_error`.
        """
        refuse_unless(nu is None, "RegularGridInterpolator: there is no nu= here", "take the derivative with bp.jvp")
        method = self.method if method is None else known("RegularGridInterpolator", method)
        at = broadcast_arrays(*xi) if isinstance(xi, tuple) else None
        points = stack([of_points(x) for x in at], -1) if at is not None else of_points(xi)
        if len(points.shape) == 1 and at is None:
            points = points[:, None] if len(self.grid) == 1 else points[None]
        if not points.shape or points.shape[-1] != len(self.grid):
            raise ShapeError(
                f"points of shape {points.shape} on a grid of {len(self.grid)} axes", user_line(), "give (..., n)"
            )
        return self._at([points[..., i] for i in range(len(self.grid))], method)

    def _at(self, at: list[Any], method: str) -> Any:
        outside: Any = False
        places, shares = [], []
        for x, line in zip(at, self.grid, strict=True):
            outside = outside | (x < line[0]) | (x > line[-1])
            place = interval(line, x, 0, line.shape[0] - 2)
            left = getitem(line, place)
            places.append(place)
            shares.append((x - left) / (getitem(line, place + 1) - left))
        if self.bounds_error and answer(lambda v: bool(np.any(v)), outside):
            raise OutOfRangeError(
                "RegularGridInterpolator: points beyond the grid", user_line(), "give bounds_error=False"
            )
        more = (1,) * (len(self.values.shape) - len(self.grid))
        if method in DEGREES:
            found = self._spline(at, DEGREES[method])
        elif method == "nearest":
            nearest = [where(share <= 0.5, place, place + 1) for share, place in zip(shares, places, strict=True)]
            found = getitem(self.values, tuple(nearest))
        else:
            found = self._linear(places, shares, more)
        if self.fill_value is None:
            return found
        return where(reshape(outside, (*outside.shape, *more)), self.fill_value, found)

    def _spline(self, at: list[Any], degree: int) -> Any:
        """The sum of all values, each by the product of the splines along the axes that are 1 at its place alone."""
        flat = [reshape(x, (-1,)) for x in at]
        splines = [
            make_interp_spline(line, np.eye(line.shape[0]), degree)(x) for line, x in zip(self.grid, flat, strict=True)
        ]
        axes = ascii_lowercase[: len(splines)]
        found = einsum(f"{','.join(f'Z{axis}' for axis in axes)},{axes}...->Z...", *splines, self.values)
        return reshape(found, (*at[0].shape, *self.values.shape[len(splines) :]))

    def _linear(self, places: list[Any], shares: list[Any], more: tuple[int, ...]) -> Any:
        """The sum of the values at the corners of cells, each by the shares of its sides."""
        found: Any = 0.0
        for corner in product((0, 1), repeat=len(places)):
            weight: Any = 1.0
            for side, share in zip(corner, shares, strict=True):
                weight = weight * (share if side else 1 - share)
            key = tuple(place + side for side, place in zip(corner, places, strict=True))
            found = found + reshape(weight, (*weight.shape, *more)) * getitem(self.values, key)
        return found


@namesake(scipy.interpolate.interpn)
def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Any:
    """`scipy.interpolate.interpn`: `RegularGridInterpolator` of the same arguments, at points `xi`."""
    return RegularGridInterpolator(points, values, known("interpn", method), bounds_error, fill_value)(xi)


KINDS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}
"""The degrees of splines by SciPy's names."""


class interp1d:  # noqa: N801 - SciPy's name
    """`scipy.interpolate.interp1d`: between points of a line.

    Arguments:
        x: points; Vars too, as the values.
        y: values along an axis.
        kind: "linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", or the
            degree of a spline.
        axis: the axis.
        copy: ignored.
        bounds_error: whether points beyond the ends are an error; None means so unless a value is given for them.
        fill_value: their value, or a pair of values, or "extrapolate".
        assume_sorted: whether `x` ascends; else its order is asked for.
    Errors:
        ShapeError: points and values that do not fit; another kind.
    """

    __slots__ = ("_extrapolate", "_spline", "axis", "bounds_error", "fill_value", "kind", "x", "y")

    def __init__(
        self,
        x: Any,
        y: Any,
        kind: Any = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: bool | None = None,
        fill_value: Any = np.nan,
        assume_sorted: bool = False,
    ) -> None:
        points, values = of_points(x), of_points(y)
        self.axis = one_axis("interp1d", axis, len(values.shape))
        values = moveaxis(values, self.axis, 0)
        if not assume_sorted:
            order = answer(lambda v: np.argsort(v, kind="mergesort"), points)
            points, values = points[order], values[order]
        self.x, self.y, self.kind = ascending("interp1d", points), values, KINDS.get(kind, kind)
        if self.x.shape[0] != values.shape[0]:
            raise ShapeError(
                f"interp1d: {self.x.shape[0]} points for {values.shape[0]} values", user_line(), "give one each"
            )
        self._extrapolate = isinstance(fill_value, str) and fill_value == "extrapolate"
        no_value = not self._extrapolate and not is_traced(fill_value) and fill_value is np.nan
        self.bounds_error = no_value if bounds_error is None else bounds_error
        self.fill_value = fill_value
        self._spline: BSpline | None = None
        if isinstance(self.kind, int):
            self._spline = make_interp_spline(self.x, self.y, self.kind)
        elif self.kind not in ("linear", "nearest", "nearest-up", "previous", "next"):
            raise ShapeError(f"interp1d: there is no kind {kind!r}", user_line(), "use linear, nearest or cubic")

    def __call__(self, x: Any) -> Any:
        """The values at points of any shape.

        Errors:
            OutOfRangeError: points beyond the ends, with `bounds_error`.
        """
        points = of_points(x)
        flat = reshape(points, (-1,))
        value = self._spline(flat) if self._spline is not None else self._between(flat)
        if not self._extrapolate:
            below, above = flat < self.x[0], flat > self.x[-1]
            if self.bounds_error and answer(lambda v: bool(np.any(v)), below | above):
                raise OutOfRangeError("interp1d: points beyond the ends", user_line(), "give a fill_value")
            pair = self.fill_value if isinstance(self.fill_value, tuple) else (self.fill_value, self.fill_value)
            ends = [broadcast_to(asarray(one), self.y.shape[1:]) for one in pair]
            value = where(column(below, value), ends[0], where(column(above, value), ends[1], value))
        return put_at_axis(reshape(value, points.shape + value.shape[1:]), len(points.shape), self.axis)

    def _between(self, at: Any) -> Any:
        last = self.x.shape[0] - 1
        if self.kind == "linear":
            right = minimum(maximum(searchsorted(self.x, at), 1), last)
            low, x_low = getitem(self.y, right - 1), getitem(self.x, right - 1)
            slope = (getitem(self.y, right) - low) / column(getitem(self.x, right) - x_low, low)
            return slope * column(at - x_low, low) + low
        if self.kind in ("nearest", "nearest-up"):
            middles = (self.x[1:] + self.x[:-1]) / 2
            place = searchsorted(middles, at, "left" if self.kind == "nearest" else "right")
        elif self.kind == "previous":
            place = searchsorted(self.x, at, "right") - 1
        else:
            place = searchsorted(self.x, at, "left")
        found = getitem(self.y, minimum(maximum(place, 0), last))
        return where(column((place < 0) | (place > last), found), np.nan, found)
