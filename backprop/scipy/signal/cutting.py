"""How signals are cut into overlapping windows, and the spectrum of each.

Source of names and defaults: the SciPy reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal

from ...errors import ShapeError
from ...ops.arrays.arguments import one_axis
from ...ops.arrays.as_array import asarray
from ...ops.arrays.axes import moveaxis
from ...ops.special.fourier import fft, rfft
from ..namesake import one_of
from .smoothing import detrend as without_trend


@dataclass(frozen=True, slots=True)
class Windows:
    """How signals are cut into windows, and what becomes of each.

    Arguments:
        weights: of the elements of a window.
        step: from one window to the next.
        nfft: the length of a transform.
        fs: samples a unit of time.
        trend: what is taken out of each window: a type of `detrend`, a function, or False.
        onesided: whether half of the spectrum, that of real signals, is wanted.
    """

    weights: Any
    step: int
    nfft: int
    fs: float
    trend: Any
    onesided: bool

    @property
    def length(self) -> int:
        """The elements of a window."""
        return len(self.weights)

    def scale(self, scaling: str) -> float:
        """The factor of a power."""
        one_of("spectra", "scaling", scaling, ("density", "spectrum"))
        if scaling == "density":
            return float(1.0 / (self.fs * np.sum(self.weights**2)))
        return float(1.0 / np.sum(self.weights) ** 2)

    def frequencies(self) -> Any:
        """Those of the spectrum."""
        return (np.fft.rfftfreq if self.onesided else np.fft.fftfreq)(self.nfft, 1 / self.fs)

    def spectra(self, x: Any) -> Any:
        """The spectrum of each window of signals along the last axis: (..., windows, frequencies)."""
        count = (x.shape[-1] - self.length) // self.step + 1
        places = np.arange(count)[:, None] * self.step + np.arange(self.length)
        parts: Any = x[..., places]
        if callable(self.trend):
            parts = self.trend(parts)
        elif self.trend:
            parts = without_trend(parts, -1, self.trend)
        return (rfft if self.onesided else fft)(parts * self.weights.astype(np.finfo(parts.dtype).dtype), self.nfft)

    def doubled(self) -> Any:
        """2 for each frequency of a half spectrum that stands for two, else 1."""
        factors = np.ones(len(self.frequencies()))
        if self.onesided:
            factors[1 : (-1 if self.nfft % 2 == 0 else None)] = 2
        return factors


def windows_of(
    name: str,
    signals: Any,
    window: Any,
    nperseg: int | None,
    noverlap: int | None,
    nfft: int | None,
    fs: float,
    trend: Any,
    onesided: bool,
) -> Windows:
    """The windows of signals along the last axis, by SciPy's arguments and defaults."""
    n = signals.shape[-1]
    if isinstance(window, str | tuple):
        length = min(256 if nperseg is None else int(nperseg), n)
        weights: Any = scipy.signal.get_window(window, length)
    else:
        weights = np.asarray(window)
        length = len(weights) if nperseg is None else int(nperseg)
    overlap = length // 2 if noverlap is None else int(noverlap)
    if weights.shape != (length,) or length > n or overlap >= length or (nfft is not None and nfft < length):
        raise ShapeError(
            f"{name}: windows of {weights.shape}, {length} elements, an overlap of {overlap} and transforms of {nfft}"
            f" do not fit each other and signals of {n}",
            fix="the overlap is shorter, transforms are no shorter, and signals are no shorter than a window",
        )
    onesided = bool(onesided) and signals.dtype.kind != "c"
    return Windows(weights, length - overlap, int(nfft or length), fs, trend, onesided)


def signals_of(name: str, x: Any, axis: int) -> tuple[Any, int]:
    """Signals with their axis moved to the end, and where it was."""
    array = asarray(x)
    axis = one_axis(name, axis, len(array.shape))
    return moveaxis(array, axis, -1), axis


def put_back(spectra: Any, axis: int) -> Any:
    """Spectra (..., windows, frequencies) with the frequencies at the place of the axis, and the windows last."""
    return moveaxis(moveaxis(spectra, -2, -1), -2, axis)
