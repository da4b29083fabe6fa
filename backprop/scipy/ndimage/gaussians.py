"""Gaussian filters of images, differentiable by their values and by their widths.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import scipy.ndimage

from ...errors import ShapeError
from ...ops.arrays.arguments import answer
from ...ops.arrays.as_array import asarray
from ...ops.elementwise.arithmetic import square
from ...ops.elementwise.exponential import exp
from ...ops.elementwise.powers import sqrt
from ...ops.reductions import sum
from ..namesake import namesake, refuse_unless
from .filters import chosen_axes, correlate1d, for_each, image

__all__ = ["gaussian_filter", "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace"]


def _weights(sigma: Any, order: int, radius: int) -> Any:
    """A Gaussian, or a derivative of one, at the integers up to a radius; its sum, without derivative, is 1."""
    places = np.arange(-radius, radius + 1)
    bell = exp(-0.5 * places**2 / square(sigma))
    bell = bell / sum(bell)
    return bell * _hermite(sigma, order, places)


def _hermite(sigma: Any, order: int, x: Any) -> Any:
    """The polynomial by which a Gaussian is multiplied in its derivative of an order."""
    before: Any = 0.0
    now: Any = 1.0
    for k in range(order):
        before, now = now, -(x * now + k * before) / square(sigma)
    return now


def _radius(sigma: Any, truncate: float, radius: Any) -> int:
    found = answer(lambda s: int(truncate * float(s) + 0.5), sigma) if radius is None else radius
    if not isinstance(found, int | np.integer) or found < 0:
        raise ShapeError(f"gaussian_filter: the radius {found} is no number of places", fix="give an int of 0 or more")
    return int(found)


@namesake(scipy.ndimage.gaussian_filter1d)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
) -> Any:
    """`scipy.ndimage.gaussian_filter1d`: an image smoothed along one axis, or a derivative of the smoothed one.

    Arguments:
        input: image, of fractions.
        sigma: the width of the Gaussian, a Var too.
        axis: the axis.
        order: which derivative.
        output, mode, cval: as in `correlate`.
        truncate: how many widths the weights reach.
        radius: how many places they reach, in the place of that.
    Returns:
        an image of the same shape and dtype.
    Errors:
        GraphTypeError, ShapeError: those of `correlate`.
    """
    refuse_unless(order >= 0, "gaussian_filter1d: there is no derivative below 0", "give an order of 0 or more")
    weights = _weights(sigma, order, _radius(sigma, truncate, radius))[::-1]
    return correlate1d(input, weights, axis, output, mode, cval, 0)


@namesake(scipy.ndimage.gaussian_filter)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """`scipy.ndimage.gaussian_filter`: `gaussian_filter1d` along some axes, or all, one after the other.

    Arguments:
        input: image, of fractions.
        sigma, order, mode, radius: one for all axes, or one for each.
        output, cval, truncate: as in `gaussian_filter1d`.
        axes: which axes; None means all.
    Returns:
        an image of the same shape and dtype.
    """
    x, dtype = image("gaussian_filter", input, output)
    chosen = chosen_axes("gaussian_filter", x, axes)
    options = [for_each("gaussian_filter", given, chosen) for given in (sigma, order, mode, radius)]
    for axis, width, derivative, each, reach in zip(chosen, *options, strict=True):
        if answer(lambda s: bool(s > 1e-15), width):
            x = gaussian_filter1d(x, width, axis, derivative, None, each, cval, truncate, radius=reach)
    return asarray(x, dtype)


@namesake(scipy.ndimage.gaussian_laplace)
def gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """`scipy.ndimage.gaussian_laplace`: the sum of second derivatives of a smoothed image along some axes, or all."""
    x, dtype = image("gaussian_laplace", input, output)
    parts = _derivatives("gaussian_laplace", x, sigma, 2, mode, cval, axes, kwargs)
    return asarray(reduce(add, parts), dtype)


@namesake(scipy.ndimage.gaussian_gradient_magnitude)
def gaussian_gradient_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    **kwargs: Any,
) -> Any:
    """`scipy.ndimage.gaussian_gradient_magnitude`: the length of the slope of a smoothed image."""
    x, dtype = image("gaussian_gradient_magnitude", input, output)
    parts = _derivatives("gaussian_gradient_magnitude", x, sigma, 1, mode, cval, axes, kwargs)
    return asarray(sqrt(reduce(add, [square(part) for part in parts])), dtype)


def _derivatives(name: str, x: Any, sigma: Any, order: int, mode: Any, cval: Any, axes: Any, kwargs: Any) -> list[Any]:
    """The derivatives of an order of a smoothed image, one along each axis."""
    chosen = chosen_axes(name, x, axes)
    widths = for_each(name, sigma, chosen)
    orders = [[order * (i == k) for i in range(len(chosen))] for k in range(len(chosen))]
    return [gaussian_filter(x, widths, each, None, mode, cval, axes=chosen, **kwargs) for each in orders]
