"""Linear maps of signals along an axis: trends taken out, polynomials fitted, the analytic signal.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import along, one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.joins import concatenate
from ...ops.linear_algebra.products import matmul
from ...ops.reductions import mean
from ...ops.special.fourier import fft, ifft
from ..namesake import inexact, namesake, one_of, refuse_unless
from ..ndimage.filters import convolve1d

__all__ = ["detrend", "hilbert", "savgol_filter"]


@namesake(scipy.signal.detrend)
def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False) -> Any:
    """`scipy.signal.detrend`: signals without their trend along an axis.

    Arguments:
        data: signals.
        axis: the axis.
        type: "linear" for the line of least squares, "constant" for the mean.
        bp: plain indices at which the line may break.
        overwrite_data: ignored.
    Returns:
        what is left.
    Errors:
        ShapeError: another type; a break that is no element's.
    """
    x = asarray(data)
    one_of("detrend", "type", type, ("linear", "l", "constant", "c"))
    axis = one_axis("detrend", axis, len(x.shape))
    if type[0] == "c":
        return x - mean(x, axis, keepdims=True)
    n = x.shape[axis]
    breaks = np.unique(np.concatenate([[0], np.atleast_1d(bp), [n]])).astype(int)
    if np.any(breaks > n):
        raise ShapeError(f"detrend: a break at {breaks.max()} of {n} elements", fix="give indices of elements")
    parts = [_without_line(along(x, axis, slice(i, j)), axis) for i, j in pairwise(breaks)]
    return concatenate(parts, axis) if len(parts) > 1 else parts[0]


def _without_line(x: Any, axis: int) -> Any:
    n = x.shape[axis]
    basis, _ = np.linalg.qr(np.stack([np.ones(n), np.arange(1.0, n + 1) / n], 1))
    line = moveaxis(x, axis, -1)
    return moveaxis(line - matmul(matmul(line, basis.astype(inexact(x))), basis.T.astype(inexact(x))), -1, axis)


@namesake(scipy.signal.savgol_filter)
def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Any:
    """`scipy.signal.savgol_filter`: at each place the value, or a derivative, of a polynomial fitted to its window.

    Arguments:
        x: signals along an axis.
        window_length: how many elements a polynomial is fitted to.
        polyorder: its degree.
        deriv: which derivative of it.
        delta: the plain distance of elements.
        axis: the axis.
        mode: "interp", where the ends have the polynomials of the first and the last window, or as in
            `ndimage.convolve1d`.
        cval: the value of mode "constant".
    Returns:
        the smoothed signals.
    Errors:
        ShapeError: a window longer than the signal, in mode "interp"; another mode.
    """
    one_of("savgol_filter", "mode", mode, ("mirror", "constant", "nearest", "wrap", "interp"))
    signals = asarray(x)
    signals = asarray(signals, inexact(signals))
    if mode != "interp":
        weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv, delta)
        return convolve1d(signals, weights, axis, None, mode, cval)
    axis = one_axis("savgol_filter", axis, len(signals.shape))
    n, half = signals.shape[axis], window_length // 2
    if window_length > n:
        raise ShapeError(f"savgol_filter: the window of {window_length} is longer than {n}", fix="shorten the window")
    windows: Any = np.eye(window_length)
    fitted: Any = scipy.signal.savgol_filter(windows, window_length, polyorder, deriv, delta, 0)
    fitted = fitted.astype(signals.dtype)
    line = moveaxis(signals, axis, -1)
    weights = scipy.signal.savgol_coeffs(window_length, polyorder, deriv, delta)
    middle = convolve1d(line, weights, -1, None, "constant")[..., half : n - half]
    first = matmul(line[..., :window_length], fitted[:half].T)
    last = matmul(line[..., n - window_length :], fitted[window_length - half :].T)
    return moveaxis(concatenate([first, middle, last], -1), -1, axis)


@namesake(scipy.signal.hilbert)
def hilbert(x: Any, N: int | None = None, axis: int = -1) -> Any:
    """`scipy.signal.hilbert`: the analytic signal, whose imaginary part is the Hilbert transform.

    Arguments:
        x: real signals along an axis.
        N: the length to cut or pad them to.
        axis: the axis.
    Returns:
        complex signals.
    Errors:
        GraphTypeError: complex signals.
        ShapeError: a length below 1.
    """
    signals = asarray(x)
    refuse_unless(signals.dtype.kind != "c", "hilbert does not take complex signals", "take the real part")
    axis = one_axis("hilbert", axis, len(signals.shape))
    n = signals.shape[axis] if N is None else N
    weights = np.zeros(n, inexact(signals))
    weights[0], weights[1 : (n + 1) // 2] = 1, 2
    if n % 2 == 0:
        weights[n // 2] = 1
    return ifft(fft(signals, n, axis) * weights.reshape((n,) + (1,) * (len(signals.shape) - axis - 1)), axis=axis)
