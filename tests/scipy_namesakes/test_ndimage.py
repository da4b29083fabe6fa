"""`backprop.scipy.ndimage` has SciPy's values in all modes, and derivatives that agree with differences and JAX."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import backprop as bp
from backprop.errors import GraphTypeError, ShapeError
from backprop.scipy import ndimage
from tests.scipy_namesakes.agreement import (
    Case,
    agrees,
    agrees_with_jax,
    is_differentiable,
    needs_jax,
    wrong_arguments,
)

rng = np.random.default_rng(0)
FILTERING = ("reflect", "mirror", "nearest", "wrap", "constant")
MODES = (*FILTERING, "grid-mirror", "grid-wrap", "grid-constant", "odd")


def of(*shape: int) -> Any:
    return rng.normal(size=shape)


def jax(order: int, mode: str) -> Callable[..., Any]:
    def call(x: Any, at: Any) -> Any:
        return importlib.import_module("jax.scipy.ndimage").map_coordinates(x, list(at), order, mode)

    return call


AT = rng.uniform(0.2, 3.8, (2, 4))


def mapped(order: int, mode: str) -> Callable[..., Any]:
    return lambda x, at: ndimage.map_coordinates(x, at, order=order, mode=mode)


CASES = {
    "convolve": Case(lambda x, w: ndimage.convolve(x, w), (of(4, 5), of(2, 3))),
    "correlate": Case(lambda x, w, c: ndimage.correlate(x, w, None, "constant", c), (of(4, 5), of(3, 2), 0.3)),
    "convolve1d": Case(lambda x, w: ndimage.convolve1d(x, w, 0), (of(4, 3), of(2))),
    "correlate1d": Case(lambda x, w: ndimage.correlate1d(x, w, mode="wrap"), (of(4, 3), of(3))),
    "gaussian_filter": Case(lambda x, s: ndimage.gaussian_filter(x, s, (0, 1), truncate=2.0), (of(4, 3), 0.9)),
    "gaussian_filter1d": Case(lambda x, s: ndimage.gaussian_filter1d(x, s, order=3), (of(5), 1.2)),
    "gaussian_laplace": Case(lambda x, s: ndimage.gaussian_laplace(x, s, truncate=2.0), (of(4, 3), 0.9)),
    "gaussian_gradient_magnitude": Case(
        lambda x, s: ndimage.gaussian_gradient_magnitude(x, s, truncate=2.0), (of(4, 3), 0.9)
    ),
    "uniform_filter": Case(lambda x: ndimage.uniform_filter(x, (2, 3)), (of(4, 5),)),
    "uniform_filter1d": Case(lambda x: ndimage.uniform_filter1d(x, 4), (of(5),)),
    "sobel": Case(lambda x: ndimage.sobel(x, 0), (of(4, 3),)),
    "prewitt": Case(lambda x: ndimage.prewitt(x), (of(4, 3),)),
    "laplace": Case(lambda x: ndimage.laplace(x), (of(4, 3),)),
    "spline_filter": Case(lambda x: ndimage.spline_filter(x, 4), (of(5, 3),)),
    "spline_filter1d": Case(lambda x: ndimage.spline_filter1d(x, 3, 0, mode="reflect"), (of(5, 3),)),
    "map_coordinates of 0": Case(mapped(0, "nearest"), (of(5, 5), AT), jax(0, "nearest")),
    **{f"map_coordinates of 1, {mode}": Case(mapped(1, mode), (of(5, 5), AT), jax(1, mode)) for mode in FILTERING},
    **{f"map_coordinates of {order}": Case(mapped(order, "mirror"), (of(5, 5), AT)) for order in (2, 3, 4, 5)},
    "map_coordinates beyond": Case(mapped(3, "grid-constant"), (of(5, 5), 2 * AT - 2)),
    "shift": Case(lambda x, s: ndimage.shift(x, s, mode="grid-wrap"), (of(4, 3), np.array([1.3, -0.6]))),
    "zoom": Case(lambda x: ndimage.zoom(x, 1.5), (of(4, 3),)),
    "affine_transform": Case(
        lambda x, a, o: ndimage.affine_transform(x, a, o, (3, 2), mode="nearest"), (of(4, 3), of(2, 2), of(2))
    ),
    "rotate": Case(lambda x, a: ndimage.rotate(x, a, reshape=False, mode="mirror"), (of(4, 3), 33.0), order=1),
}


def test_each_name_has_a_case() -> None:
    ours = "backprop.scipy.ndimage"
    names = {name for name, f in vars(ndimage).items() if getattr(f, "__module__", "").startswith(ours)}
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
    assert not list(wrong_arguments(ndimage, scipy.ndimage))


# Values, mode by mode.


@pytest.mark.parametrize("mode", MODES)
def test_filters_are_those_of_scipy(mode: str) -> None:
    x = of(6, 5)
    for n, origin in product((1, 2, 3, 9), (-1, 0, 1)):
        agrees(lambda x, w, o=origin: ndimage.correlate1d(x, w, 0, None, mode, 0.5, o), x, of(n))
        agrees(lambda x, w, o=origin: ndimage.convolve1d(x, w, 0, None, mode, 0.5, o), x, of(n))
    for shape, origin in product(((3, 2), (4, 5)), (0, (-1, 1))):
        agrees(lambda x, w, o=origin: ndimage.correlate(x, w, None, mode, 0.5, o), x, of(*shape))
        agrees(lambda x, w, o=origin: ndimage.convolve(x, w, None, mode, 0.5, o), x, of(*shape))
    for order in (0, 2, (1, 0)):
        agrees(lambda x, o=order: ndimage.gaussian_filter(x, (0.8, 0), o, None, mode, 0.5, 2.0), x)
    agrees(lambda x: ndimage.uniform_filter(x, (3, 4), None, mode, 0.5, (1, 0)), x)
    agrees(lambda x: ndimage.sobel(x, 0, None, mode, 0.5), x)


EVERYWHERE = np.concatenate([rng.uniform(-9, 15, (2, 30)), np.round(rng.uniform(-9, 15, (2, 10)))], 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", range(7))
def test_splines_are_those_of_scipy(mode: str, order: int) -> None:
    x, close = of(6, 7), {"rtol": 1e-8, "atol": 1e-9}
    for prefilter in (True, False):
        agrees(
            lambda x, at, p=prefilter: ndimage.map_coordinates(x, at, None, order, mode, 0.5, p), x, EVERYWHERE, **close
        )
    agrees(lambda x, at: ndimage.map_coordinates(x, at, None, order, mode, 0.5), x[:1], EVERYWHERE, **close)
    agrees(lambda x, s: ndimage.shift(x, s, None, order, mode, 0.5), x, np.array([1.3, -2.7]), **close)
    agrees(lambda x, a: ndimage.rotate(x, a, order=order, mode=mode, cval=0.5), of(4, 5), -70.0, **close)


@pytest.mark.parametrize("mode", MODES)
def test_transforms_are_those_of_scipy(mode: str) -> None:
    x, close = of(6, 7), {"rtol": 1e-8, "atol": 1e-9}
    for factor, grid in product((1.5, (0.7, 2.1)), (True, False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of modes that SciPy advises against
            agrees(lambda x, f=factor, g=grid: ndimage.zoom(x, f, None, 3, mode, 0.5, grid_mode=g), x, **close)
    for matrix in (of(2, 2), of(2), of(2, 3)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of vectors, and of offsets that are not looked at
            agrees(
                lambda x, a, o: ndimage.affine_transform(x, a, o, None, None, 2, mode, 0.5), x, matrix, of(2), **close
            )
    agrees(lambda x, a: ndimage.rotate(x, a, (0, 2), False, None, 3, mode, 0.5), of(4, 2, 5), -70.0, **close)


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_results_have_the_dtype_of_the_image(dtype: str) -> None:
    x = of(6, 5).astype(dtype)
    agrees(lambda x: ndimage.gaussian_filter(x, 1.0), x, rtol=1e-6, atol=1e-6)
    agrees(lambda x: ndimage.map_coordinates(x, AT), x, rtol=1e-5, atol=1e-6)


# What is refused.


def test_what_is_not_there_is_refused_with_what_to_write() -> None:
    whole = np.arange(20).reshape(4, 5)
    with pytest.raises(GraphTypeError, match=r"correlate: a result of int64 would be rounded\n.*\n.*astype\(float\)"):
        bp.evaluate(lambda w: ndimage.correlate(whole, w))(of(2, 2))
    with pytest.raises(GraphTypeError, match="no array is written to"):
        bp.evaluate(lambda x: ndimage.sobel(x, output=np.zeros((4, 5))))(of(4, 5))
    with pytest.raises(ShapeError, match=r"there is no mode 'odd'\n.*\n.*use one of \['reflect'"):
        bp.evaluate(lambda x: ndimage.correlate1d(x, [1.0, 2.0], mode="odd"))(of(4))
    with pytest.raises(ShapeError, match="coordinates of shape"):
        bp.evaluate(lambda x: ndimage.map_coordinates(x, AT))(of(4))
