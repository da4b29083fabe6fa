"""Convolutions and correlations, by `scipy.signal`'s names.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import along, many_axes
from ...ops.arrays.as_array import asarray
from ...ops.composites.pads import pad
from ...ops.linear_algebra.products import conjugated
from ...ops.signals.convolutions import convolution_along, turned
from ..namesake import namesake, one_of

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve", "oaconvolve"]

MODES = ("full", "same", "valid")


def _pair(name: str, in1: Any, in2: Any) -> tuple[Any, Any]:
    x, y = asarray(in1), asarray(in2)
    if len(x.shape) != len(y.shape):
        raise ShapeError(
            f"{name}: the shapes {x.shape} and {y.shape} differ in their number of axes", fix="reshape one of them"
        )
    return x, y


def _convolved(name: str, x: Any, y: Any, mode: str, axes: Sequence[int], fast: bool) -> Any:
    """The convolution along some axes, in one of SciPy's modes."""
    one_of(name, "mode", mode, MODES)
    axes = tuple(i for i in axes if not fast or (x.shape[i] != 1 and y.shape[i] != 1))  # which then broadcast
    if mode == "valid":
        longer = [x.shape[i] >= y.shape[i] for i in axes]
        if not any(longer):
            x, y = y, x
        elif not all(longer) and not all(x.shape[i] <= y.shape[i] for i in axes):
            raise ShapeError(
                f"{name}: neither of the shapes {x.shape} and {y.shape} holds the other", fix='use mode "full"'
            )
        elif not all(longer):
            x, y = y, x
        return convolution_along(x, y, axes=axes, whole=True, fast=fast)
    full = convolution_along(x, y, axes=axes, whole=False, fast=fast)
    for i in range(len(x.shape)) if mode == "same" else ():
        start = (full.shape[i] - x.shape[i]) // 2
        full = along(full, i, slice(start, start + x.shape[i]))
    return full


def _is_fast(x: Any, y: Any, mode: str, method: str) -> bool:
    """Whether transforms are used: SciPy's choice by the sizes alone where the method is "auto"."""
    if one_of("convolve", "method", method, ("auto", "direct", "fft")) != "auto":
        return method == "fft"
    like = [np.broadcast_to(np.zeros((), z.dtype if z.dtype.kind in "fc" else float), z.shape) for z in (x, y)]
    return bool(scipy.signal.choose_conv_method(*like, mode=mode) == "fft")


@namesake(scipy.signal.convolve)
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """`scipy.signal.convolve`: the convolution of two arrays along all axes.

    Arguments:
        in1, in2: arrays with the same number of axes.
        mode: "full", "same" for the shape of `in1`, or "valid" for those places where one lies wholly in the other.
        method: "direct", "fft", or "auto" for the one that SciPy holds for faster.
    Returns:
        the convolution.
    Errors:
        ShapeError: another mode or method; shapes that do not fit.
    """
    x, y = _pair("convolve", in1, in2)
    one_of("convolve", "mode", mode, MODES)
    if not x.shape:
        return x * y
    return _convolved("convolve", x, y, mode, range(len(x.shape)), _is_fast(x, y, mode, method))


@namesake(scipy.signal.correlate)
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """`scipy.signal.correlate`: the convolution of `in1` with the reversed conjugate of `in2`; see `convolve`."""
    x, y = _pair("correlate", in1, in2)
    return convolve(x, turned(conjugated(y), tuple(range(len(y.shape)))), mode, method)


@namesake(scipy.signal.fftconvolve)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """`scipy.signal.fftconvolve`: the convolution along some axes by Fourier transforms; other axes broadcast.

    Arguments:
        in1, in2: arrays with the same number of axes.
        mode: as in `convolve`.
        axes: an int, ints, or None for all axes.
    Returns:
        the convolution.
    Errors:
        ShapeError: shapes that do not fit.
    """
    x, y = _pair("fftconvolve", in1, in2)
    count = len(x.shape)
    if 0 in (*x.shape, *y.shape):
        return np.array([])
    return _convolved(
        "fftconvolve", x, y, mode, many_axes("fftconvolve", range(count) if axes is None else axes, count), True
    )


@namesake(scipy.signal.oaconvolve)
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """`scipy.signal.oaconvolve`: as `fftconvolve`, whose value it is; of traced arrays in one transform."""
    return fftconvolve(in1, in2, mode, axes)


# In two dimensions, beyond the edges.

BEYOND = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
"""The modes of padding by SciPy's names of boundaries."""


@namesake(scipy.signal.convolve2d)
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """`scipy.signal.convolve2d`: the convolution of two matrices.

    Arguments:
        in1, in2: matrices.
        mode: as in `convolve`.
        boundary: what stands beyond the edges of `in1`: "fill" for `fillvalue`, "wrap", or "symm".
        fillvalue: a number, a Var too.
    Returns:
        the convolution.
    Errors:
        ShapeError: another mode or boundary; no matrices.
    """
    x, y = _pair("convolve2d", in1, in2)
    return _in_the_plane("convolve2d", x, y, mode, boundary, fillvalue, [(n - 1) // 2 for n in y.shape])


def _in_the_plane(name: str, x: Any, y: Any, mode: str, boundary: str, fillvalue: Any, centre: Sequence[int]) -> Any:
    """The convolution of two matrices; `centre` is where that of the mode "same" starts in the full one."""
    one_of(name, "mode", mode, MODES)
    beyond = BEYOND[one_of(name, "boundary", boundary, BEYOND)]
    if len(x.shape) != 2:
        raise ShapeError(f"{name} takes matrices, not the shape {x.shape}", fix="use convolve or correlate")
    if mode == "valid":
        return _convolved(name, x, y, mode, (0, 1), False)
    widths = [(n - 1, n - 1) for n in y.shape]
    extended = pad(x, widths, beyond, **({"constant_values": fillvalue} if boundary == "fill" else {}))
    full = convolution_along(extended, y, axes=(0, 1), whole=True, fast=False)
    if mode == "full":
        return full
    return full[tuple(slice(start, start + n) for start, n in zip(centre, x.shape, strict=True))]


@namesake(scipy.signal.correlate2d)
def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """`scipy.signal.correlate2d`: `convolve2d` with the reversed conjugate of `in2`."""
    x, y = _pair("correlate2d", in1, in2)
    reversed_ = turned(conjugated(y), tuple(range(len(y.shape))))
    return _in_the_plane("correlate2d", x, reversed_, mode, boundary, fillvalue, [n // 2 for n in y.shape])
