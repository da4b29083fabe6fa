"""Signals at another rate, and the response of filters to frequencies, by `scipy.signal`'s names.

Source of names, defaults and lengths: the SciPy reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import along, is_traced, one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.axes import atleast_1d, moveaxis
from ...ops.arrays.padding import pad_with
from ...ops.arrays.views import reshape
from ...ops.elementwise.complex_parts import imag, real
from ...ops.linear_algebra.products import matmul
from ...ops.signals.convolutions import convolution_along
from ...ops.special.fourier import irfft, rfft
from ..namesake import inexact, namesake, refuse_unless

__all__ = ["freqz", "freqz_sos", "resample", "resample_poly", "upfirdn"]


@namesake(scipy.signal.resample)
def resample(x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time") -> Any:
    """`scipy.signal.resample`: a periodic signal at `num` points in the place of its own, by transforms.

    Arguments:
        x: signals along an axis.
        num: the number of points wanted.
        t: None, or the plain times of the points of `x`.
        axis: the axis.
        window: None.
        domain: "time".
    Returns:
        the signals; with `t` a pair of them and their times.
    Errors:
        GraphTypeError: a window, or another domain.
    """
    refuse_unless(window is None, "resample: there is no window= here", "multiply the transform by it, and use irfft")
    refuse_unless(domain == "time", f"resample: there is no domain={domain!r} here", "take irfft of it first")
    signals = asarray(x)
    axis = one_axis("resample", axis, len(signals.shape))
    count = signals.shape[axis]
    if num < 1 or count < 1:
        raise ShapeError(f"resample: {count} points at {num} points", fix="give one point or more")
    dtype = inexact(signals)
    last = moveaxis(asarray(signals, dtype), axis, -1)
    parts = [_resampled(part, num) for part in ((real(last), imag(last)) if dtype.kind == "c" else (last,))]
    found = moveaxis(parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1], -1, axis)
    return found if t is None else (found, np.arange(num) * (t[1] - t[0]) * count / num + t[0])


def _resampled(x: Any, num: int) -> Any:
    """Real signals along the last axis at `num` points: the frequencies that both rates have."""
    count = x.shape[-1]
    shared = min(num, count)
    spectrum = rfft(x)[..., : shared // 2 + 1]
    if shared % 2 == 0 and num != count:  # the last frequency stands for two, and at the larger rate for half of each
        scale = np.ones(shared // 2 + 1)
        scale[-1] = 2.0 if num < count else 0.5
        spectrum = spectrum * scale.astype(x.dtype)
    missing = num // 2 + 1 - spectrum.shape[-1]
    longer = pad_with(spectrum, widths=(*(((0, 0),) * (len(x.shape) - 1)), (0, missing)), value=0)
    return irfft(longer, num) * (num / count)


@namesake(scipy.signal.upfirdn)
def upfirdn(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: Any = 0) -> Any:
    """`scipy.signal.upfirdn`: signals with zeros in between, filtered, and every so many elements of that.

    Arguments:
        h: the coefficients of the filter, a vector.
        x: signals along an axis.
        up: each element is followed by up - 1 zeros.
        down: each `down`-th element is kept.
        axis: the axis.
        mode, cval: "constant" and 0: what is beyond the ends.
    Returns:
        the signals.
    Errors:
        GraphTypeError: another mode.
    """
    beyond = mode == "constant" and not is_traced(cval) and cval == 0
    refuse_unless(beyond, f"upfirdn: there is no mode={mode!r} here", "continue the signal with numpy.pad first")
    taps, signals = asarray(h), asarray(x)
    axis = one_axis("upfirdn", axis, len(signals.shape))
    if len(taps.shape) != 1 or not taps.shape[0] or up < 1 or down < 1:
        raise ShapeError(f"upfirdn: coefficients of shape {taps.shape}, up={up}, down={down}", fix="give a vector")
    stretched = _stretched(asarray(signals, inexact(taps, signals)), up, axis)
    shape = tuple(-1 if i == axis else 1 for i in range(len(signals.shape)))
    full = convolution_along(stretched, reshape(taps, shape), axes=(axis,), whole=False, fast=False)
    return along(full, axis, slice(None, None, down))


def _stretched(x: Any, up: int, axis: int) -> Any:
    """A signal with up - 1 zeros between any two of its elements."""
    if up == 1 or not x.shape[axis]:
        return x
    before, behind = x.shape[: axis + 1], x.shape[axis + 1 :]
    widths = (*((0, 0) for _ in before), (0, up - 1), *((0, 0) for _ in behind))
    apart = pad_with(reshape(x, (*before, 1, *behind)), widths=widths, value=0)
    return along(reshape(apart, (*before[:-1], before[-1] * up, *behind)), axis, slice(0, (before[-1] - 1) * up + 1))


@namesake(scipy.signal.resample_poly)
def resample_poly(
    x: Any,
    up: int,
    down: int,
    axis: int = 0,
    window: Any = ("kaiser", 5.0),
    padtype: str = "constant",
    cval: Any = None,
) -> Any:
    """`scipy.signal.resample_poly`: a signal at `up` / `down` times its rate, by a filter.

    Arguments:
        x: signals along an axis.
        up, down: the factors.
        axis: the axis.
        window: the name of a window, with its parameters, or the coefficients of the filter, a vector.
        padtype, cval: "constant" and None or 0.
    Returns:
        the signals.
    Errors:
        GraphTypeError: another padtype.
    """
    zeros = padtype == "constant" and not is_traced(cval) and not cval
    refuse_unless(zeros, f"resample_poly: there is no padtype={padtype!r} here", "continue the signal by numpy.pad")
    signals = asarray(x)
    axis = one_axis("resample_poly", axis, len(signals.shape))
    shared = math.gcd(up, down)
    up, down = up // shared, down // shared
    if up == down == 1:
        return signals + 0.0
    count = signals.shape[axis]
    wanted = count * up // down + bool(count * up % down)
    if isinstance(window, str | tuple):
        half = 10 * max(up, down)
        design: Any = scipy.signal.firwin  # whose stub takes names of windows alone
        taps: Any = design(2 * half + 1, 1.0 / max(up, down), window=window)
    else:
        taps = asarray(window)
        half = (taps.shape[0] - 1) // 2
    first = down - half % down
    missing = max(0, (wanted + (half + first) // down - 1) * down + 1 - ((count - 1) * up + taps.shape[0] + first))
    filtered = upfirdn(pad_with(asarray(taps) * up, widths=((first, missing),), value=0), signals, up, down, axis)
    start = (half + first) // down
    return along(filtered, axis, slice(start, start + wanted))


# Responses to frequencies.


def _frequencies(worN: Any, whole: bool, fs: float, include_nyquist: bool) -> Any:
    """The angles at which a response is asked for, plain numbers in units of `fs`."""
    if is_traced(worN):
        return worN
    return scipy.signal.freqz([1.0], 1, worN, whole, fs=fs, include_nyquist=include_nyquist)[0]


@namesake(scipy.signal.freqz)
def freqz(
    b: Any,
    a: Any = 1,
    worN: Any = 512,
    whole: bool = False,
    plot: Any = None,
    fs: float = 2 * math.pi,
    include_nyquist: bool = False,
) -> tuple[Any, Any]:
    """`scipy.signal.freqz`: the response of a filter to frequencies.

    Arguments:
        b: the coefficients of the numerator, a vector.
        a: those of the denominator, or a number.
        worN: how many frequencies, or which, a vector, traced too.
        whole, fs, include_nyquist: as of SciPy, plain.
        plot: None.
    Returns:
        the frequencies, and the responses, complex numbers.
    Errors:
        GraphTypeError: `plot`. ShapeError: coefficients that are no vectors.
    """
    refuse_unless(plot is None, "freqz: there is no plot= here", "plot what the function returns")
    w = _frequencies(worN, whole, fs, include_nyquist)
    return w, _polynomial(b, w, fs) / _polynomial(a, w, fs)


def _polynomial(coefficients: Any, w: Any, fs: float) -> Any:
    """The sum of coefficients times powers of exp(-i angle)."""
    c = atleast_1d(coefficients)
    if len(c.shape) != 1 or not c.shape[0]:
        raise ShapeError(f"freqz: coefficients of shape {c.shape}", fix="give vectors")
    angles = asarray(w) * (2 * math.pi / fs)
    turns = np.exp(-1j * angles[..., None] * np.arange(c.shape[0]))
    return matmul(turns, c + 0j)


@namesake(scipy.signal.freqz_sos)
def freqz_sos(sos: Any, worN: Any = 512, whole: bool = False, fs: float = 2 * math.pi) -> tuple[Any, Any]:
    """`scipy.signal.freqz_sos`: the response of sections of second order, a product; see `freqz`."""
    sections = asarray(sos)
    if len(sections.shape) != 2 or sections.shape[1] != 6 or not sections.shape[0]:
        raise ShapeError(f"freqz_sos: the sections have the shape {sections.shape}, not (n, 6)", fix="see scipy.signal")
    w = _frequencies(worN, whole, fs, False)
    found: Any = 1.0
    for k in range(sections.shape[0]):
        found = found * _polynomial(sections[k, :3], w, fs) / _polynomial(sections[k, 3:], w, fs)
    return w, found
