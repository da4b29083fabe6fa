"""Powers of the frequencies of signals, by `scipy.signal`'s names: the means over overlapping windows.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal

from ...ops.arrays.arguments import one_axis
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.padding import pad_with
from ...ops.elementwise.arithmetic import absolute, square
from ...ops.elementwise.complex_parts import real
from ...ops.linear_algebra.products import conjugated
from ...ops.reductions import mean
from ..namesake import namesake, one_of, refuse_unless
from .cutting import Windows, put_back, signals_of, windows_of
from .transforms import stft

__all__ = ["coherence", "csd", "periodogram", "spectrogram", "welch"]


def _powers(name: str, x: Any, y: Any, axis: int, scaling: str, *options: Any) -> tuple[Any, Any, Windows]:
    """The frequencies, the (cross) powers (..., windows, frequencies), and how the signals were cut."""
    first, second = signals_of(name, x, axis)[0], signals_of(name, y, axis)[0]
    n = max(first.shape[-1], second.shape[-1])
    first, second = (_longer(z, n) for z in (first, second))
    windows = windows_of(name, first, *options)
    a = windows.spectra(first)
    powers = conjugated(a) * (a if y is x else windows.spectra(second))
    powers = (real(powers) if y is x else powers) * (windows.doubled() * windows.scale(scaling))
    return windows.frequencies(), powers, windows


def _longer(x: Any, n: int) -> Any:
    """Signals with zeros up to `n` elements."""
    missing = n - x.shape[-1]
    return pad_with(x, widths=(*(((0, 0),) * (len(x.shape) - 1)), (0, missing)), value=0) if missing else x


@namesake(scipy.signal.csd)
def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Any, Any]:
    """`scipy.signal.csd`: the cross power spectrum of two signals, by Welch's method.

    Arguments:
        x, y: signals along an axis.
        fs, window, nperseg, noverlap, nfft, detrend, return_onesided, axis: as in `stft`.
        scaling: "density" or "spectrum".
        average: "mean".
    Returns:
        plain frequencies, and the powers.
    Errors:
        GraphTypeError: the average "median".
        ShapeError: lengths that do not fit; another name.
    """
    refuse_unless(average == "mean", f"{average!r} of spectra is not there", 'use average="mean", or spectrogram')
    frequencies, powers, _ = _powers(
        "csd", x, y, axis, scaling, window, nperseg, noverlap, nfft, fs, detrend, return_onesided
    )
    return frequencies, moveaxis(mean(powers, -2), -1, one_axis("csd", axis, len(powers.shape) - 1))


@namesake(scipy.signal.welch)
def welch(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Any, Any]:
    """`scipy.signal.welch`: the power spectrum of a signal; arguments and errors are those of `csd`."""
    frequencies, powers = csd(
        x, x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average
    )
    return frequencies, powers


@namesake(scipy.signal.periodogram)
def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> tuple[Any, Any]:
    """`scipy.signal.periodogram`: the power spectrum of one window as long as the signal; see `csd`."""
    n = signals_of("periodogram", x, axis)[0].shape[-1]
    refuse_unless(nfft is None or nfft >= n, f"periodogram: nfft = {nfft} would cut the signal", "cut it before")
    frequencies, powers = welch(x, fs, window or "boxcar", n, 0, nfft, detrend, return_onesided, scaling, axis)
    return frequencies, powers


@namesake(scipy.signal.coherence)
def coherence(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> tuple[Any, Any]:
    """`scipy.signal.coherence`: the square of the cross power over both powers; arguments are those of `csd`."""
    options = (fs, window, nperseg, noverlap, nfft, detrend)
    frequencies, of_x = welch(x, *options, axis=axis)
    of_y, of_both = welch(y, *options, axis=axis)[1], csd(x, y, *options, axis=axis)[1]
    return frequencies, square(absolute(of_both)) / (of_x * of_y)


@namesake(scipy.signal.spectrogram)
def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> tuple[Any, Any, Any]:
    """`scipy.signal.spectrogram`: the power spectrum of each window.

    Arguments:
        x: signals along an axis; the others are those of `csd`, and the overlap is an eighth by default.
        mode: "psd", "complex" or "magnitude".
    Returns:
        plain frequencies, plain times, and the spectra, times on the last axis.
    Errors:
        GraphTypeError: the modes "angle" and "phase".
        ShapeError: lengths that do not fit; another name.
    """
    one_of("spectrogram", "mode", mode, ("psd", "complex", "magnitude", "angle", "phase"))
    refuse_unless(mode not in ("angle", "phase"), f"spectrogram: there is no mode {mode!r}", "use numpy.angle")
    n = signals_of("spectrogram", x, axis)[0].shape[-1]
    length = min(n, nperseg or 256) if isinstance(window, str | tuple) else len(window)
    overlap = length // 8 if noverlap is None else noverlap
    if mode != "psd":
        kind = "psd" if scaling == "density" else scaling
        options = (fs, window, length, overlap, nfft, detrend, return_onesided, None, False)
        frequencies, times, found = stft(x, *options, axis, kind)
        return frequencies, times, absolute(found) if mode == "magnitude" else found
    frequencies, powers, windows = _powers(
        "spectrogram", x, x, axis, scaling, window, length, overlap, nfft, fs, detrend, return_onesided
    )
    times = (windows.length / 2 + np.arange(powers.shape[-2]) * windows.step) / float(fs)
    return frequencies, times, put_back(powers, one_axis("spectrogram", axis, len(powers.shape) - 1))
