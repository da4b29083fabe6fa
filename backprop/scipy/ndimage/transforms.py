"""Images moved, stretched and turned: splines at coordinates that are linear in the place.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import scipy.ndimage

from ...errors import ShapeError
from ...ops.arrays.arguments import answer, many_axes
from ...ops.arrays.as_array import asarray, stack
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.views import broadcast_to
from ...ops.linear_algebra.products import matmul
from ...ops.special.elementary import cosdg, sindg
from ..namesake import namesake
from .filters import for_each, image
from .interpolation import checked, interpolated

__all__ = ["affine_transform", "rotate", "shift", "zoom"]


def _places(shape: tuple[int, ...]) -> list[Any]:
    """The indices along each axis, as arrays that broadcast to a shape."""
    return [
        np.arange(float(n)).reshape(tuple(-1 if k == i else 1 for k in range(len(shape)))) for i, n in enumerate(shape)
    ]


@namesake(scipy.ndimage.shift)
def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """`scipy.ndimage.shift`: an image moved, by fractions of places too.

    Arguments:
        input: image, of fractions.
        shift: by how much, for all axes or for each; Vars too.
        output, order, mode, cval, prefilter: as in `map_coordinates`.
    Returns:
        an image of the same shape and dtype.
    Errors:
        GraphTypeError, ShapeError: those of `map_coordinates`.
    """
    mode = checked("shift", order, mode)
    x, dtype = image("shift", input, output)
    moved = for_each("shift", shift, range(len(x.shape)))
    at = [place - by for place, by in zip(_places(x.shape), moved, strict=True)]
    return asarray(broadcast_to(interpolated(x, at, order, mode, cval, prefilter), x.shape), dtype)


@namesake(scipy.ndimage.zoom)
def zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    """`scipy.ndimage.zoom`: an image stretched to other lengths.

    Arguments:
        input: image, of fractions.
        zoom: plain factors of the lengths, for all axes or for each.
        output, order, mode, cval, prefilter: as in `map_coordinates`.
        grid_mode: whether lengths count from edge to edge of the elements, and not from centre to centre.
    Returns:
        an image of lengths that are the rounded products.
    Errors:
        GraphTypeError, ShapeError: those of `map_coordinates`.
    """
    mode = checked("zoom", order, mode)
    x, dtype = image("zoom", input, output)
    factors = for_each("zoom", zoom, range(len(x.shape)))
    shape = tuple(round(n * factor) for n, factor in zip(x.shape, factors, strict=True))
    if all(factor == 1 for factor in factors) and prefilter:
        return asarray(x, dtype)
    at = []
    for place, n, m in zip(_places(shape), x.shape, shape, strict=True):
        ratio = 1.0 if m == (not grid_mode) else (n - (not grid_mode)) / (m - (not grid_mode))
        at.append((place + 0.5) * ratio - 0.5 if grid_mode else place * ratio)
    return asarray(broadcast_to(interpolated(x, at, order, mode, cval, prefilter), shape), dtype)


@namesake(scipy.ndimage.affine_transform)
def affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """`scipy.ndimage.affine_transform`: an image whose place o shows what stands at `matrix @ o + offset`.

    Arguments:
        input: image of n axes, of fractions.
        matrix: (n, m); (n,) for a diagonal one; (n, n + 1) or (n + 1, n + 1) with the offset in the last column.
        offset: for all axes or for each.
        output_shape: the m lengths of the result; None means those of the image.
        output, order, mode, cval, prefilter: as in `map_coordinates`.
    Returns:
        the image.
    Errors:
        GraphTypeError, ShapeError: those of `map_coordinates`; a matrix of another shape.
    """
    mode = checked("affine_transform", order, mode)
    x, dtype = image("affine_transform", input, output)
    n, linear = len(x.shape), asarray(matrix)
    shape = tuple(x.shape) if output_shape is None else tuple(int(m) for m in output_shape)
    offsets = for_each("affine_transform", offset, range(n))
    if len(linear.shape) == 2 and linear.shape[1] == n + 1 and linear.shape[0] in (n, n + 1):
        linear, offsets = linear[:n, :n], [linear[i, n] for i in range(n)]
    if linear.shape not in ((n,), (n, len(shape))):
        raise ShapeError(
            f"affine_transform: a matrix of shape {linear.shape} takes no {len(shape)} coordinates to {n}",
            fix="give a row for each axis of the input, and a column for each of the output",
        )
    places = _places(shape)
    at = [_combined(linear[i], places, places[i] if len(linear.shape) == 1 else None) + offsets[i] for i in range(n)]
    return asarray(broadcast_to(interpolated(x, at, order, mode, cval, prefilter), shape), dtype)


def _combined(row: Any, places: list[Any], only: Any) -> Any:
    """A coordinate: a number times the place along its own axis, or a row of the matrix times all places."""
    if only is not None:
        return row * only
    return reduce(add, [row[k] * place for k, place in enumerate(places)])


@namesake(scipy.ndimage.rotate)
def rotate(
    input: Any,
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """`scipy.ndimage.rotate`: an image turned in the plane of two axes.

    Arguments:
        input: image of two axes or more, of fractions.
        angle: in degrees, a Var too; with `reshape` it is asked for the lengths.
        axes: the plane.
        reshape: whether the image grows so that nothing is cut off.
        output, order, mode, cval, prefilter: as in `map_coordinates`.
    Returns:
        the turned image.
    Errors:
        GraphTypeError, ShapeError: those of `map_coordinates`; an image of one axis.
    """
    x, dtype = image("rotate", input, output)
    count = len(x.shape)
    if count < 2:
        raise ShapeError(f"rotate: the shape {x.shape} has no plane", fix="give an array of two axes or more")
    first, second = sorted(many_axes("rotate", axes, count))
    planes = moveaxis(x, (first, second), (-2, -1))
    size = np.array(planes.shape[-2:])
    turn = stack([stack([cosdg(angle), sindg(angle)]), stack([-sindg(angle), cosdg(angle)])])
    shape = answer(lambda t: _bounds(t, size), turn) if reshape else tuple(size.tolist())
    offset = (size - 1) / 2 - matmul(turn, (np.array(shape) - 1) / 2)
    options = (turn, offset, shape, None, order, mode, cval, prefilter)
    if count == 2:
        return asarray(affine_transform(x, *options), dtype)
    rows = planes.reshape((math.prod(planes.shape[:-2]), *planes.shape[-2:]))
    turned = stack([affine_transform(rows[k], *options) for k in range(rows.shape[0])])
    return asarray(moveaxis(turned.reshape((*planes.shape[:-2], *shape)), (-2, -1), (first, second)), dtype)


def _bounds(turn: Any, size: Any) -> tuple[int, ...]:
    """The lengths that a turned plane takes."""
    height, width = size
    corners = np.asarray(turn) @ [[0, 0, height, height], [0, width, 0, width]]
    return tuple((np.ptp(corners, axis=1) + 0.5).astype(int).tolist())
