"""`backprop.scipy.signal` has SciPy's values, and derivatives that agree with differences and with JAX."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.signal

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError
from backprop.scipy import signal
from tests.scipy_namesakes.agreement import (
    Case,
    agrees,
    agrees_with_jax,
    is_differentiable,
    needs_jax,
    wrong_arguments,
)

rng = np.random.default_rng(0)
SOS = scipy.signal.butter(3, 0.3, output="sos")
B, A = np.array([0.1, 0.2, 0.05]), np.array([2.0, -0.5, 0.3, 0.1])


def of(*shape: int) -> Any:
    return rng.normal(size=shape)


def sections(b: Any, a: Any) -> Any:
    return np.concatenate([b, np.ones((len(b), 1)), a], 1)


def jax(name: str, *args: Any, **params: Any) -> Callable[..., Any]:
    """JAX's function with some arguments."""

    def call(*operands: Any) -> Any:
        found = getattr(importlib.import_module("jax.scipy.signal"), name)(*operands, *args, **params)
        return found[-1] if isinstance(found, tuple) else found

    return call


SPECTRUM = {"nperseg": 8, "noverlap": 5}
CASES = {
    "convolve": Case(lambda x, y: signal.convolve(x, y, "same"), (of(4, 3), of(2, 2)), jax("convolve", "same")),
    "convolve by transforms": Case(lambda x, y: signal.convolve(x, y, "valid", "fft"), (of(4, 3), of(2, 2))),
    "correlate": Case(lambda x, y: signal.correlate(x, y), (of(4, 3), of(2, 2)), jax("correlate")),
    "fftconvolve": Case(signal.fftconvolve, (of(5), of(3)), jax("fftconvolve")),
    "oaconvolve": Case(lambda x, y: signal.oaconvolve(x, y, axes=1), (of(2, 5), of(1, 3))),
    "convolve2d": Case(
        lambda x, y: signal.convolve2d(x, y, "same"), (of(4, 3), of(3, 3)), jax("convolve2d", mode="same")
    ),
    "convolve2d beyond": Case(lambda x, y: signal.convolve2d(x, y, "full", "symm"), (of(4, 3), of(2, 2))),
    "correlate2d": Case(
        lambda x, y: signal.correlate2d(x, y, "full"), (of(4, 3), of(2, 2)), jax("correlate2d", mode="full")
    ),
    "lfilter": Case(signal.lfilter, (B, A, of(2, 6))),
    "lfilter from a state": Case(lambda b, a, x, zi: signal.lfilter(b, a, x, 0, zi), (B, A, of(6, 2), of(3, 2))),
    "lfilter_zi": Case(signal.lfilter_zi, (B, A)),
    "filtfilt": Case(lambda b, a, x: signal.filtfilt(b, a, x, padlen=3), (B, A, of(6))),
    "sosfilt": Case(lambda b, a, x: signal.sosfilt(sections(b, a), x), (SOS[:, :3], SOS[:, 4:], of(6))),
    "sosfilt_zi": Case(lambda b, a: signal.sosfilt_zi(sections(b, a)), (SOS[:, :3], SOS[:, 4:])),
    "sosfiltfilt": Case(lambda x: signal.sosfiltfilt(SOS, x, padlen=3), (of(6),)),
    "savgol_filter": Case(lambda x: signal.savgol_filter(x, 5, 2, 1), (of(8),)),
    "detrend": Case(lambda x: signal.detrend(x, bp=3), (of(2, 7),), jax("detrend", bp=3)),
    "hilbert": Case(lambda x: signal.hilbert(x, 8), (of(2, 6),)),
    "stft": Case(lambda x: signal.stft(x, **SPECTRUM)[2], (of(20),), jax("stft", **SPECTRUM)),
    "istft": Case(lambda x, y: signal.istft(x + 1j * y, nperseg=8)[1], (of(5, 4), of(5, 4))),
    "welch": Case(lambda x: signal.welch(x, **SPECTRUM)[1], (of(20),), jax("welch", **SPECTRUM)),
    "csd": Case(lambda x, y: signal.csd(x, y, **SPECTRUM)[1], (of(20), of(20)), jax("csd", **SPECTRUM)),
    "coherence": Case(lambda x, y: signal.coherence(x, y, **SPECTRUM)[1], (of(20), of(20))),
    "periodogram": Case(lambda x: signal.periodogram(x)[1], (of(9),)),
    "resample": Case(lambda x: signal.resample(x, 6, axis=1), (of(2, 8),)),
    "resample to more": Case(lambda x: signal.resample(x, 9, axis=1), (of(2, 6),)),
    "upfirdn": Case(lambda h, x: signal.upfirdn(h, x, 3, 2), (B, of(2, 5))),
    "resample_poly": Case(lambda x: signal.resample_poly(x, 3, 2), (of(7),)),
    "resample_poly by a filter": Case(lambda x, h: signal.resample_poly(x, 2, 3, window=h), (of(9), of(5))),
    "freqz": Case(lambda b, a: signal.freqz(b, a, 5)[1], (B, A)),
    "freqz of frequencies": Case(lambda b, w: signal.freqz(b, A, w, fs=3.0)[1], (B, np.array([0.1, 0.7, 1.2]))),
    "freqz_sos": Case(lambda b, a: signal.freqz_sos(sections(b, a), 4)[1], (SOS[:, :3], SOS[:, 4:])),
    "spectrogram": Case(lambda x: signal.spectrogram(x, **SPECTRUM)[2], (of(20),)),
}


def test_each_name_has_a_case() -> None:
    ours = "backprop.scipy.signal"
    names = {name for name, f in vars(signal).items() if getattr(f, "__module__", "").startswith(ours)}
    assert names == {name.partition(" ")[0] for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_a_namesake_is_differentiable_twice(name: str) -> None:
    is_differentiable(CASES[name])
    agrees(CASES[name].f, *CASES[name].operands)


@needs_jax
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.jax])
def test_a_gradient_is_that_of_jax(name: str) -> None:
    agrees_with_jax(CASES[name])


def test_arguments_have_scipys_names_and_places() -> None:
    assert not list(wrong_arguments(signal, scipy.signal))


# Values, option by option.

LENGTHS = [((7,), (3,)), ((3,), (7,)), ((4,), (4,)), ((6, 5), (3, 2)), ((3, 2), (6, 5)), ((6, 2), (3, 4))]


@pytest.mark.parametrize("mode", ["full", "same", "valid", "odd"])
@pytest.mark.parametrize(("m", "n"), LENGTHS)
def test_convolutions_are_those_of_scipy(mode: str, m: Any, n: Any) -> None:
    x, y = of(*m), of(*n)
    for method in ("auto", "direct", "fft"):
        agrees(lambda x, y, method=method: signal.convolve(x, y, mode, method), x, y)
        agrees(lambda x, y, method=method: signal.correlate(x, y, mode, method), x, y + 1j)
    agrees(lambda x, y: signal.fftconvolve(x, y, mode), x, y)
    for boundary in ("fill", "wrap", "symm", "odd") if len(m) == 2 else ():
        agrees(lambda x, y, b=boundary: signal.convolve2d(x, y, mode, b, 0.5), x, y)
        agrees(lambda x, y, b=boundary: signal.correlate2d(x, y, mode, b, 0.5), x, y)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolutions_along_an_axis_broadcast_the_others(mode: str) -> None:
    for m, n in (((3, 7), (1, 3)), ((1, 3), (3, 7))):
        agrees(lambda x, y: signal.fftconvolve(x, y, mode, 1), of(*m), of(*n))


COEFFICIENTS = [(B, A), (of(5), np.array([1.0, -0.5])), (np.array([0.1, 0.2]), np.array([1.0]))]


@pytest.mark.parametrize(("b", "a"), COEFFICIENTS)
@pytest.mark.parametrize(("axis", "shape"), [(-1, (2, 20)), (0, (20, 2)), (-1, (2,))])
def test_filters_are_those_of_scipy(b: Any, a: Any, axis: int, shape: Any) -> None:
    state = list(shape)
    state[axis] = max(len(a), len(b)) - 1
    agrees(lambda b, a, x: signal.lfilter(b, a, x, axis), b, a, of(*shape))
    agrees(lambda b, a, x, zi: signal.lfilter(b, a, x, axis, zi), b, a, of(*shape), of(*state))
    for padding in ("odd", "even", "constant", None):
        agrees(lambda b, a, x, p=padding: signal.filtfilt(b, a, x, axis, p, 3), b, a, of(*shape))


def test_sections_are_those_of_scipy() -> None:
    agrees(lambda s, x, zi: signal.sosfilt(s, x, 0, zi), SOS, of(20, 2), of(2, 2, 2))
    agrees(lambda s, x: signal.sosfiltfilt(s, x, 0), SOS, of(40, 2))
    agrees(signal.sosfilt, of(2, 6), of(20))  # whose coefficients 3 are not 1


@pytest.mark.parametrize("mode", ["interp", "mirror", "nearest", "wrap", "constant"])
def test_smoothing_is_that_of_scipy(mode: str) -> None:
    for window, derivative in product((4, 5), (0, 2)):
        agrees(lambda x, w=window, d=derivative: signal.savgol_filter(x, w, 2, d, 0.5, 0, mode, 0.3), of(12, 2))


def test_trends_and_analytic_signals_are_those_of_scipy() -> None:
    for kind in ("linear", "constant", "odd"):
        agrees(lambda x, kind=kind: signal.detrend(x, 0, kind), of(9, 2))
    for n in (None, 7, 12):
        agrees(lambda x, n=n: signal.hilbert(x, n), of(2, 9))


def options() -> Iterator[tuple[Any, ...]]:
    yield from product((True, False), ("zeros", "even", "odd", "constant", None), (True, False), ("spectrum", "psd"))


def test_transforms_of_windows_are_those_of_scipy() -> None:
    x = of(2, 37)
    for onesided, boundary, padded, scaling in options():
        given = (2.0, "hann", 8, 5, 10, "constant", onesided, boundary, padded, -1, scaling)
        agrees(lambda x, given=given: signal.stft(x, *given), x)
    spectra = scipy.signal.stft(of(2, 40), nperseg=8)[2]
    for scaling, boundary in product(("spectrum", "psd"), (True, False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of windows that are 0 at the ends
            agrees(lambda z, s=scaling, b=boundary: signal.istft(z, 2.0, scaling=s, boundary=b), spectra)
    agrees(lambda z: signal.istft(z, 2.0, time_axis=0, freq_axis=2), np.moveaxis(spectra, -1, 0))


@pytest.mark.parametrize("trend", ["constant", "linear", False])
@pytest.mark.parametrize("onesided", [True, False])
def test_powers_are_those_of_scipy(trend: Any, onesided: bool) -> None:
    x, y = of(37, 2), of(37, 2)
    for scaling in ("spectrum", "density"):
        given = (2.0, "hann", 8, None, 10, trend, onesided, scaling, 0)
        agrees(lambda x, given=given: signal.welch(x, *given), x)
        agrees(lambda x, y, given=given: signal.csd(x, y, *given), x, y)
        agrees(lambda x, s=scaling: signal.periodogram(x, 2.0, "hann", 40, trend, onesided, s, 0), x)
        for mode in ("psd", "complex", "magnitude"):
            agrees(lambda x, given=given, mode=mode: signal.spectrogram(x, *given, mode), x)


OLD_SCIPY = np.lib.NumpyVersion(scipy.__version__) < "1.16.0"


@pytest.mark.parametrize("count", [1, 2, 7, 8])
@pytest.mark.parametrize("num", [1, 2, 5, 7, 8, 12, 13])
def test_resampled_signals_are_those_of_scipy(count: int, num: int) -> None:
    agrees(lambda x: signal.resample(x, num), of(count, 2))
    agrees(lambda x: signal.resample(x, num), of(count).astype(np.float32), rtol=1e-5, atol=1e-5)
    if OLD_SCIPY and num % 2 == 0 and num < count:
        return  # SciPy's result was not linear in complex signals there
    agrees(lambda x: signal.resample(x, num, np.arange(2.0, 2.0 + count), 1) if count > 1 else x, of(2, count) + 1j)


@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 3), (3, 2), (4, 6), (5, 7)])
def test_rates_are_changed_as_scipy_does(up: int, down: int) -> None:
    for n in (1, 2, 9):
        agrees(lambda h, x: signal.upfirdn(h, x, up, down, 0), of(4), of(n, 2))
        agrees(lambda h, x: signal.upfirdn(h, x, up, down), of(1), of(2, n) + 1j)
        for window in (("kaiser", 5.0), "hann", of(6), of(7)):
            agrees(lambda x, w=window: signal.resample_poly(x, up, down, 1, w), of(2, n))


@pytest.mark.parametrize("whole", [True, False])
def test_responses_are_those_of_scipy(whole: bool) -> None:
    for at in (7, np.array([0.0, 0.3, 1.5])):
        agrees(lambda b, a, at=at: signal.freqz(b, a, at, whole, None, 3.0, True), B, A)
        agrees(lambda b, at=at: signal.freqz(b, worN=at, whole=whole), B)
        agrees(lambda s, at=at: signal.freqz_sos(s, at, whole, 3.0), SOS)


# What is refused, and what a call of SciPy's own function says.


def test_what_is_not_there_is_refused_with_what_to_write() -> None:
    x = of(20)
    with pytest.raises(GraphTypeError, match=r'no method "gust" here\n.*test_signal\.py.*\n.*use method="pad"'):
        bp.evaluate(lambda x: signal.filtfilt(B, A, x, method="gust"))(x)
    with pytest.raises(GraphTypeError, match="'median' of spectra is not there"):
        bp.evaluate(lambda x: signal.welch(x, nperseg=8, average="median"))(x)
    with pytest.raises(ShapeError, match=r"there is no mode 'odd'\n.*\n.*use one of \['full', 'same', 'valid'\]"):
        bp.evaluate(lambda x: signal.convolve(x, x, "odd"))(x)
    for call in (
        lambda x: signal.resample(x, 5, window="hann"),
        lambda x: signal.resample(x, 5, domain="freq"),
        lambda x: signal.upfirdn(B, x, mode="wrap"),
        lambda x: signal.resample_poly(x, 2, 1, padtype="line"),
        lambda x: signal.freqz(x, plot=print),
    ):
        with pytest.raises(GraphTypeError, match=r"there is no .* here"):
            bp.evaluate(call)(x)
    with pytest.raises(GraphTypeError, match="lfilter takes no such argument"):
        bp.evaluate(lambda x: signal.lfilter(B, A, x, way=1))(x)


def test_vmap_and_compiled_functions_take_them() -> None:
    xs, kernel = of(3, 6), of(3)
    found = bp.vmap(lambda x: signal.lfilter(B, A, signal.convolve(x, kernel, "same")))(xs)
    np.testing.assert_allclose(found, scipy.signal.lfilter(B, A, [np.convolve(x, kernel, "same") for x in xs]))
    gradient = bp.compile(bp.grad(lambda b: np.sum(signal.lfilter(b, A, xs) ** 2)))
    for b in (B, 2 * B):
        np.testing.assert_allclose(gradient(b), bp.grad(lambda b: np.sum(signal.lfilter(b, A, xs) ** 2))(b))
