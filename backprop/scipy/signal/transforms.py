"""Fourier transforms of the windows of signals, and back, by `scipy.signal`'s names.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.indexing.items import at_add
from ...ops.arrays.padding import pad_with
from ...ops.elementwise.complex_parts import real
from ...ops.special.fourier import ifft, irfft
from ..namesake import namesake, one_of
from .cutting import put_back, signals_of, windows_of
from .filters import EXTENSIONS

__all__ = ["istft", "stft"]


@namesake(scipy.signal.stft)
def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> tuple[Any, Any, Any]:
    """`scipy.signal.stft`: the Fourier transforms of overlapping windows.

    Arguments:
        x: signals along an axis.
        fs: samples a unit of time.
        window: a name, a tuple, or weights.
        nperseg, noverlap, nfft: the elements of a window, of an overlap, of a transform.
        detrend: False, a type of `detrend`, or a function.
        return_onesided: whether half of the spectrum is enough, as it is of real signals.
        boundary: how signals are continued by half a window: "zeros", "even", "odd", "constant" or None.
        padded: whether zeros are added up to a whole number of windows.
        axis: the axis.
        scaling: "spectrum" or "psd".
    Returns:
        plain frequencies, plain times of the windows, and the transforms, times on the last axis.
    Errors:
        ShapeError: lengths that do not fit; another name.
    """
    signals, axis = signals_of("stft", x, axis)
    cut = windows_of("stft", signals, window, nperseg, noverlap, nfft, fs, detrend, return_onesided)
    one_of("stft", "boundary", boundary, EXTENSIONS)
    one_of("stft", "scaling", scaling, ("spectrum", "psd"))
    signals = EXTENSIONS[boundary](signals, cut.length // 2, len(signals.shape) - 1) if boundary else signals
    if padded:
        missing = (-(signals.shape[-1] - cut.length) % cut.step) % cut.length
        signals = pad_with(signals, widths=(*(((0, 0),) * (len(signals.shape) - 1)), (0, missing)), value=0)
    found = cut.spectra(signals) * math.sqrt(cut.scale("density" if scaling == "psd" else "spectrum"))
    times = cut.length / 2 + np.arange(found.shape[-2]) * cut.step - (cut.length / 2 if boundary else 0)
    return cut.frequencies(), times / fs, put_back(found, axis)


@namesake(scipy.signal.istft)
def istft(
    Zxx: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> tuple[Any, Any]:
    """`scipy.signal.istft`: the signals whose `stft` is given.

    Arguments:
        Zxx: transforms, with axes of frequencies and of times.
        fs, window, nperseg, noverlap, nfft, scaling: as in `stft`.
        input_onesided: whether half of each spectrum is given.
        boundary: whether signals had been continued.
        time_axis, freq_axis: the axes.
    Returns:
        plain times, and the signals on the axis of times.
    Errors:
        ShapeError: lengths that do not fit; another name.
    """
    array = asarray(Zxx) + 0j
    count = len(array.shape)
    of_time, of_frequency = (one_axis("istft", axis, count) for axis in (time_axis, freq_axis))
    one_of("istft", "scaling", scaling, ("spectrum", "psd"))
    spectra = moveaxis(array, (of_time, of_frequency), (-2, -1))
    default = 2 * (spectra.shape[-1] - 1) if input_onesided else spectra.shape[-1]
    length = default if nperseg is None else int(nperseg)
    if nfft is None:
        nfft = length if input_onesided and length == default + 1 else default
    step = length - (length // 2 if noverlap is None else int(noverlap))
    weights: Any = scipy.signal.get_window(window, length) if isinstance(window, str | tuple) else np.asarray(window)
    if weights.shape != (length,) or step < 1 or (nfft or 0) < length:
        raise ShapeError(f"istft: a window of {weights.shape} for {length} elements", fix="make the lengths agree")
    parts = (irfft if input_onesided else ifft)(spectra, nfft)[..., :length] * weights
    factor = np.sum(weights) if scaling == "spectrum" else math.sqrt(fs * np.sum(weights**2))
    places = np.arange(parts.shape[-2])[:, None] * step + np.arange(length)
    total = length + (parts.shape[-2] - 1) * step
    overlaid = at_add(np.zeros((*parts.shape[:-2], total), parts.dtype), (..., places), parts * float(factor))
    norm = np.bincount(places.ravel(), np.tile(weights**2, len(places)), total)
    inside = slice(length // 2, -(length // 2)) if boundary else slice(None)
    signals = overlaid[..., inside] / np.where(norm > 1e-10, norm, 1.0)[inside]
    signals = real(signals) if input_onesided else signals
    signals = moveaxis(signals, -1, of_time - (of_frequency < of_time))
    return np.arange(signals.shape[0]) / float(fs), signals
