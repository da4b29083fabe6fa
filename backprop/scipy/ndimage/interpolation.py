"""Splines through images, taken at any coordinates: differentiable by the values and by the coordinates.

A coordinate beyond an end is moved inside first, as the mode says; then the neighbours' coefficients are summed up with
the weights of B-splines, which are polynomials of the coordinate's fraction.

Source: SciPy's ni_interpolation.c, for what the modes mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.ndimage

from ...errors import ShapeError
from ...ops.arrays.arguments import is_traced, one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.indexing.items import getitem
from ...ops.arrays.views import broadcast_to, reshape
from ...ops.composites.pads import pad
from ...ops.elementwise.conversion import cast
from ...ops.elementwise.rounding import floor
from ...ops.elementwise.selection import where
from ...ops.reductions import sum
from ...ops.signals.splines import spline_coefficients
from ..namesake import namesake, one_of, refuse_unless
from .filters import image

__all__ = ["map_coordinates", "spline_filter", "spline_filter1d"]

MODES = (
    *("reflect", "grid-mirror", "constant", "grid-constant", "nearest", "mirror", "grid-wrap", "wrap"),
)  # of SciPy's documentation
CONTINUED = MappingProxyType({"constant": "mirror", "wrap": "mirror"})
"""How coefficients continue, where it is not as the mode says."""
PADDING = 12
"""Elements that an image is continued by where a mode has no exact coefficients, as in SciPy."""


def checked(name: str, order: int, mode: str) -> str:
    """The mode of an interpolation, by one name, where it and the order are known."""
    if not 0 <= order <= 5:
        raise ShapeError(f"{name}: there are no splines of order {order}", fix="use an order from 0 to 5")
    one_of(name, "mode", mode, MODES)
    return "reflect" if mode == "grid-mirror" else mode


@namesake(scipy.ndimage.spline_filter1d)
def spline_filter1d(input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror") -> Any:
    """`scipy.ndimage.spline_filter1d`: the coefficients of a spline through values, along one axis.

    Arguments:
        input: image.
        order: of the spline, 0 to 5.
        axis: the axis.
        output: a dtype.
        mode: how values continue beyond the ends.
    Returns:
        the coefficients, of the image's shape.
    Errors:
        GraphTypeError: an array as `output`.
        ShapeError: another order or mode.
    """
    mode = checked("spline_filter1d", order, mode)
    x, dtype = image("spline_filter1d", input, _complex_too(input, output))
    axis = one_axis("spline_filter1d", axis, len(x.shape))
    return asarray(spline_coefficients(x, axis=axis, order=order, mode=mode) if order > 1 else x, dtype)


@namesake(scipy.ndimage.spline_filter)
def spline_filter(input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror") -> Any:
    """`scipy.ndimage.spline_filter`: `spline_filter1d` along all axes, one after the other."""
    mode = checked("spline_filter", order, mode)
    x, dtype = image("spline_filter", input, _complex_too(input, output))
    return asarray(_coefficients(x, order, mode), dtype)


def _complex_too(input: Any, output: Any) -> Any:
    if isinstance(output, np.ndarray) or is_traced(output) or asarray(input).dtype.kind != "c":
        return output
    return np.result_type(np.dtype(output), np.complex64)


def _coefficients(x: Any, order: int, mode: str) -> Any:
    for axis in range(len(x.shape)) if order > 1 else ():
        x = spline_coefficients(x, axis=axis, order=order, mode=mode)
    return x


# Coordinates.


def _inside(at: Any, n: int, mode: str) -> Any:
    """Coordinates moved to where the image is, as the mode says; those that have no value are moved to -1."""
    last = n - 1
    if mode == "grid-constant":
        return at
    if mode == "nearest":
        return where(at < 0, 0.0, where(at > last, float(last), at))
    if mode == "constant":
        return where((at < 0) | (at > last), -1.0, at)
    if n == 1:
        return where((at < 0) | (at > last), 0.0, at)
    return _periodic(at, n, mode)


def _periodic(at: Any, n: int, mode: str) -> Any:
    """Coordinates in a mode in which images repeat, as they are or mirrored."""
    last = n - 1
    period = {"mirror": 2 * last, "reflect": 2 * n, "wrap": last, "grid-wrap": n}[mode]
    within = at - period * floor(at / period)
    if mode == "wrap":  # of whole periods, those below 0 are at the last place
        within = where((at < 0) & (within == 0), float(last), within)
    if mode == "mirror":
        within = where(within > last, period - within, within)
    if mode == "reflect":
        within = where(within >= n, period - 1 - within, within)
        within = where(within > n - 0.5, period - 1 - within, within)
    return where((at < 0) | (at > last), within, at)


def _neighbours(start: Any, order: int, n: int, mode: str) -> Any:
    """The indices of the neighbours of coordinates, on a new first axis; those beyond the ends are mapped into them."""
    steps = np.arange(order + 1).reshape((-1,) + (1,) * len(start.shape))
    places = start + steps
    if mode == "grid-constant":
        return places
    moved = _inside(places, n, CONTINUED.get(mode, mode))
    return cast(moved, dtype="int64")


@lru_cache(maxsize=8)
def _pieces(order: int) -> Any:
    """The weights of B-splines on an interval as polynomials of the fraction: (power, neighbour), from power 0 up."""
    weights = [np.polynomial.Polynomial([1.0])]
    for k in range(1, order + 1):
        older = [(np.polynomial.Polynomial([k - j, 1.0]) / k) * weights[j - 1] for j in range(1, k + 1)]
        newer = [(np.polynomial.Polynomial([1.0 + j, -1.0]) / k) * weights[j] for j in range(k)]
        nothing = np.polynomial.Polynomial([0.0])
        weights = [a + b for a, b in zip([nothing, *older], [*newer, nothing], strict=True)]
    table = np.zeros((order + 1, order + 1))
    for j, weight in enumerate(weights):
        table[: len(weight.coef), j] = weight.coef[: order + 1]
    return table


def _weights(fraction: Any, order: int) -> Any:
    """The weights of the neighbours, on a new first axis."""
    table = _pieces(order).reshape((order + 1, order + 1) + (1,) * len(fraction.shape))
    found = table[order]
    for power in reversed(range(order)):
        found = found * fraction + table[power]
    return found


def interpolated(x: Any, coordinates: Sequence[Any], order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    """An image at coordinates.

    Arguments:
        x: image of n axes, in double precision.
        coordinates: n arrays, which broadcast.
        order: of the spline.
        mode: what stands beyond the ends.
        cval: the value beyond them, in the modes "constant" and "grid-constant".
        prefilter: whether `x` is values; else it is coefficients.
    Returns:
        the values, of the shape that the coordinates broadcast to.
    """
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            more = {"constant_values": cval} if mode == "grid-constant" else {}
            x = pad(x, PADDING, "constant" if mode == "grid-constant" else "edge", **more)
            coordinates = [at + PADDING for at in coordinates]
        x = _coefficients(x, order, mode)
    count = len(coordinates)
    is_outside: Any = False
    places, product = [], None
    rank = max(len(at.shape) for at in coordinates)
    for i, (at, n) in enumerate(zip(coordinates, x.shape, strict=True)):
        moved = at if mode == "nearest" else _inside(at, n, mode)
        is_outside = is_outside | (moved <= -1) if mode == "constant" else is_outside
        start = floor(moved if order % 2 else moved + 0.5)
        fraction = moved - start if order % 2 else moved + 0.5 - start
        new = tuple(order + 1 if k == i else 1 for k in range(count))
        shape = (*new, *(1,) * (rank - len(at.shape)), *at.shape)
        places.append(reshape(_neighbours(cast(start, dtype="int64") - order // 2, order, n, mode), shape))
        weights = reshape(_weights(fraction, order), shape) if order else 1.0
        product = weights if product is None else product * weights
    values = _taken(x, places, mode, cval)
    found = sum(values * product, tuple(range(count)))
    return where(is_outside, cval, found) if mode == "constant" else found


def _taken(x: Any, places: list[Any], mode: str, cval: Any) -> Any:
    """The coefficients at indices; `cval` at those that are beyond the ends, where there are such."""
    if mode != "grid-constant":
        return getitem(x, tuple(places))
    outside: Any = False
    within = []
    for place, n in zip(places, x.shape, strict=True):
        beyond = (place < 0) | (place >= n)
        outside = outside | beyond
        within.append(where(beyond, 0, place))
    return where(outside, cval, getitem(x, tuple(within)))


@namesake(scipy.ndimage.map_coordinates)
def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """`scipy.ndimage.map_coordinates`: a spline through an image of n axes, at any coordinates.

    Arguments:
        input: image, of fractions.
        coordinates: (n, ...), Vars too.
        output: None, or a dtype.
        order: of the spline, 0 to 5; 1 is linear.
        mode: what stands beyond the ends: any of SciPy's.
        cval: the value there, in the modes "constant" and "grid-constant".
        prefilter: whether the input is values; else it is coefficients.
    Returns:
        the values, of the shape of the coordinates without their first axis.
    Errors:
        GraphTypeError: integers as input, whose result SciPy rounds; an array as `output`; complex coordinates.
        ShapeError: another order or mode; another number of coordinates than of axes.
    """
    mode = checked("map_coordinates", order, mode)
    x, dtype = image("map_coordinates", input, output)
    at = asarray(coordinates)
    refuse_unless(at.dtype.kind != "c", "map_coordinates: coordinates are real", "take the real part")
    if not at.shape or at.shape[0] != len(x.shape):
        raise ShapeError(
            f"map_coordinates: coordinates of shape {at.shape} for {len(x.shape)} axes",
            fix="give as many on the first axis as the input has axes",
        )
    at = asarray(at, np.float64)
    found = interpolated(x, [at[i] for i in range(len(x.shape))], order, mode, cval, prefilter)
    return asarray(broadcast_to(found, at.shape[1:]), dtype)
