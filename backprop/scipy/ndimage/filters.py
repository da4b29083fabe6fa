"""Filters of images by weights, by `scipy.ndimage`'s names: sums of weighted neighbours, computed in float64.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.ndimage

from ...errors import ShapeError
from ...ops.arrays.arguments import is_traced, many_axes, one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.views import reshape
from ...ops.composites.pads import pad
from ...ops.signals.convolutions import convolution_along, turned
from ..namesake import namesake, one_of, refuse_unless

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]

BEYOND = MappingProxyType(
    {
        **{"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge"},
        **{"wrap": "wrap", "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant"},
    }
)
"""What stands beyond the ends of an axis: NumPy's modes of padding by those of `scipy.ndimage`."""


def image(name: str, input: Any, output: Any) -> tuple[Any, np.dtype[Any]]:
    """An image in double precision, and the dtype of the result.

    Errors:
        GraphTypeError: a result in integers, which would be rounded; an array as `output`.
    """
    x = asarray(input)
    is_array = isinstance(output, np.ndarray) or is_traced(output)
    refuse_unless(not is_array, f"{name}: no array is written to", "use the result, without output=")
    dtype = x.dtype if output is None else np.dtype(output)
    refuse_unless(
        dtype.kind in "fc" and (dtype.kind == "c" or x.dtype.kind != "c"),
        f"{name}: a result of {dtype} would be rounded",
        "cast the input with .astype(float)",
    )
    return asarray(x, np.complex128 if x.dtype.kind == "c" else np.float64), dtype


def for_each(name: str, given: Any, axes: Sequence[int]) -> list[Any]:
    """An option for each of some axes: one for all of them, or a sequence."""
    if isinstance(given, str) or not (isinstance(given, Sequence) or len(getattr(given, "shape", ())) == 1):
        return [given] * len(axes)
    if len(given) != len(axes):
        raise ShapeError(f"{name}: {len(given)} options for {len(axes)} axes", fix="give one, or one for each axis")
    return [given[i] for i in range(len(given))]


def chosen_axes(name: str, x: Any, axes: Any) -> tuple[int, ...]:
    """The axes that are filtered along, counted from the left."""
    count = len(x.shape)
    return many_axes(name, range(count) if axes is None else axes, count)


def correlated(
    name: str, x: Any, weights: Any, axes: Sequence[int], modes: Any, cval: Any, origins: Any, reverse: bool
) -> Any:
    """Sums of weighted neighbours along some axes.

    Arguments:
        name: the function, for errors.
        x: image.
        weights: as many axes as `axes` names.
        axes: which axes of the image the weights lie along.
        modes, origins: what stands beyond the ends, and by how much the weights are moved, for each axis.
        cval: the value of the mode "constant".
        reverse: whether the weights are turned, as a convolution turns them.
    Returns:
        the sums, of the image's shape.
    """
    lengths = tuple(weights.shape)
    if len(lengths) != len(axes) or 0 in lengths:
        raise ShapeError(
            f"{name}: weights of shape {lengths} for {len(axes)} axes", fix="give weights with as many axes, none empty"
        )
    for axis, n, mode, origin in zip(axes, lengths, modes, origins, strict=True):
        beyond = BEYOND[one_of(name, "mode", mode, BEYOND)]
        moved = (-origin - (n % 2 == 0)) if reverse else origin
        if not -(n // 2) <= moved <= (n - 1) // 2:
            raise ShapeError(f"{name}: the origin {origin} moves {n} weights too far", fix="move them by half at most")
        widths = [(0, 0)] * len(x.shape)
        widths[axis] = (n // 2 + moved, n - n // 2 - 1 - moved)
        x = pad(x, widths, beyond, **({"constant_values": cval} if beyond == "constant" else {}))
    place = dict(zip(axes, range(len(axes)), strict=True))
    order = tuple(place[axis] for axis in sorted(axes))
    kernel = weights if order == tuple(range(len(order))) else weights.transpose(order)
    kernel = reshape(kernel, tuple(lengths[place[i]] if i in place else 1 for i in range(len(x.shape))))
    kernel = kernel if reverse else turned(kernel, tuple(axes))
    return convolution_along(x, kernel, axes=tuple(axes), whole=True, fast=False)


def _weights(weights: Any) -> Any:
    kernel = asarray(weights)
    return asarray(kernel, np.complex128 if kernel.dtype.kind == "c" else np.float64)


def _filtered(name: str, arguments: Any, reverse: bool) -> Any:
    input, weights, output, mode, cval, origin, axes = arguments
    x, dtype = image(name, input, output)
    chosen = chosen_axes(name, x, axes)
    modes, origins = for_each(name, mode, chosen), for_each(name, origin, chosen)
    return asarray(correlated(name, x, _weights(weights), chosen, modes, cval, origins, reverse), dtype)


@namesake(scipy.ndimage.correlate)
def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """`scipy.ndimage.correlate`: at each place the sum of weighted neighbours.

    Arguments:
        input: image, of fractions.
        weights: as many axes as the image, or as `axes` names; Vars too.
        output: None, or a dtype.
        mode: what stands beyond the ends: "reflect", "mirror", "nearest", "wrap" or "constant".
        cval: the value of the mode "constant", a Var too.
        origin: by how many places the weights are moved.
        axes: which axes to filter along; None means all.
    Returns:
        an image of the same shape and dtype.
    Errors:
        GraphTypeError: integers, whose result SciPy rounds; an array as `output`.
        ShapeError: another mode; weights that do not fit.
    """
    return _filtered("correlate", (input, weights, output, mode, cval, origin, axes), False)


@namesake(scipy.ndimage.convolve)
def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """`scipy.ndimage.convolve`: `correlate` with the weights turned."""
    return _filtered("convolve", (input, weights, output, mode, cval, origin, axes), True)


def _along(name: str, arguments: Any, reverse: bool) -> Any:
    input, weights, axis, output, mode, cval, origin = arguments
    x, dtype = image(name, input, output)
    axis = one_axis(name, axis, len(x.shape))
    return asarray(correlated(name, x, _weights(weights), (axis,), (mode,), cval, (origin,), reverse), dtype)


@namesake(scipy.ndimage.correlate1d)
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """`scipy.ndimage.correlate1d`: `correlate` with a vector of weights along one axis."""
    return _along("correlate1d", (input, weights, axis, output, mode, cval, origin), False)


@namesake(scipy.ndimage.convolve1d)
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """`scipy.ndimage.convolve1d`: `convolve` with a vector of weights along one axis."""
    return _along("convolve1d", (input, weights, axis, output, mode, cval, origin), True)


# Constant weights.


@namesake(scipy.ndimage.uniform_filter1d)
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: int = 0
) -> Any:
    """`scipy.ndimage.uniform_filter1d`: the mean of `size` neighbours along one axis."""
    return correlate1d(input, np.full(size, 1.0 / size), axis, output, mode, cval, origin)


@namesake(scipy.ndimage.uniform_filter)
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """`scipy.ndimage.uniform_filter`: the mean of neighbours along some axes, or all."""
    x, dtype = image("uniform_filter", input, output)
    chosen = chosen_axes("uniform_filter", x, axes)
    options = [for_each("uniform_filter", given, chosen) for given in (size, mode, origin)]
    for axis, n, each, moved in zip(chosen, *options, strict=True):
        x = uniform_filter1d(x, n, axis, None, each, cval, moved) if n > 1 else x
    return asarray(x, dtype)


def _slope(name: str, arguments: Any, across: list[float]) -> Any:
    """Differences along an axis, and weighted sums along the others."""
    input, axis, output, mode, cval = arguments
    x, dtype = image(name, input, output)
    modes = for_each(name, mode, range(len(x.shape)))
    axis = one_axis(name, axis, len(x.shape))
    x = correlate1d(x, [-1, 0, 1], axis, None, modes[axis], cval)
    for i in range(len(x.shape)):
        x = x if i == axis else correlate1d(x, across, i, None, modes[i], cval)
    return asarray(x, dtype)


@namesake(scipy.ndimage.sobel)
def sobel(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """`scipy.ndimage.sobel`: slopes along an axis, smoothed along the others."""
    return _slope("sobel", (input, axis, output, mode, cval), [1, 2, 1])


@namesake(scipy.ndimage.prewitt)
def prewitt(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """`scipy.ndimage.prewitt`: slopes along an axis, summed up along the others."""
    return _slope("prewitt", (input, axis, output, mode, cval), [1, 1, 1])


@namesake(scipy.ndimage.laplace)
def laplace(input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None) -> Any:
    """`scipy.ndimage.laplace`: the sum of second differences along some axes, or all."""
    x, dtype = image("laplace", input, output)
    chosen = chosen_axes("laplace", x, axes)
    modes = for_each("laplace", mode, chosen)
    found: Any = 0.0
    for axis, each in zip(chosen, modes, strict=True):
        found = found + correlate1d(x, [1, -2, 1], axis, None, each, cval)
    return asarray(found, dtype)
