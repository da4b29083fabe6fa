"""Options of NumPy's functions, one by one, give what NumPy gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.special

import backprop as bp
from backprop.scipy import special

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 3))
METHODS = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"),
    *("linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)


def agrees(f: Callable[..., Any], *operands: Any) -> None:
    """Fail where the evaluated function has other values, shapes or dtypes."""
    expected, found = f(*operands), bp.evaluate(f)(*operands)
    pairs = zip(expected, found, strict=True) if isinstance(expected, tuple) else [(expected, found)]
    for wanted, ours in pairs:
        assert (np.shape(ours), np.asarray(ours).dtype) == (np.shape(wanted), np.asarray(wanted).dtype)
        np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-14)


# Padding.

PADS = [
    *((mode, {}) for mode in ("edge", "wrap", "reflect", "symmetric", "mean", "median", "maximum", "minimum")),
    *((mode, {"reflect_type": "odd"}) for mode in ("reflect", "symmetric")),
    *((mode, {"stat_length": length}) for mode in ("mean", "median", "maximum") for length in (2, (1, 2), 9)),
    *(("linear_ramp", {"end_values": value}) for value in (0, 2.5, (1, 2), ((1, 2), (3, 4)))),
    ("constant", {"constant_values": ((1, 2), (3, 4))}),
]


WIDTHS: list[Any] = [1, (3, 0), ((0, 2), (9, 7))]
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # which takes widths by axis
    WIDTHS.append({0: 3, -1: (0, 1)})


@pytest.mark.parametrize(("mode", "options"), PADS, ids=str)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_modes_of_pad(mode: Any, options: Any, widths: Any) -> None:
    for x in (X, X[:1], X[:, :1], X.astype(np.float32)):
        if x.dtype == np.float32 and (mode in ("mean", "median", "linear_ramp") or options):
            continue  # whose digits are not NumPy's
        agrees(lambda x: np.pad(x, widths, mode, **options), x)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("reflect", {}),
        ("symmetric", {"reflect_type": "odd"}),
        ("wrap", {}),
        ("edge", {}),
        ("mean", {}),
        ("linear_ramp", {}),
    ],
)
def test_an_empty_axis_has_nothing_to_repeat(mode: Any, options: Any) -> None:
    empty = np.ones((0, 3))
    with pytest.raises(ValueError, match="pad: mode"):
        bp.evaluate(lambda x: np.pad(x, ((1, 0), (0, 0)), mode, **options))(empty)
    agrees(lambda x: np.pad(x, ((0, 0), (2, 1)), mode, **options), empty)


def test_modes_of_pad_that_are_not_there() -> None:
    for mode, options in (("odd", {}), ("edge", {"stat_length": 1}), ("reflect", {"reflect_type": "no"})):
        with pytest.raises(ValueError, match="pad: "):
            bp.evaluate(lambda x, m=mode, o=options: np.pad(x, 1, m, **o))(X)


def ends_and_sums(vector: Any, width: Any, axis: int, kwargs: Any) -> None:
    """What a function may write that is the mode of a padding."""
    vector[: width[0]] = kwargs["factor"] * vector[width[0]] + axis
    if width[1]:
        vector[-width[1] :] = vector.sum() ** 2


@pytest.mark.parametrize("mode", [ends_and_sums, lambda *args: None])
def test_a_function_as_mode_of_pad_writes_into_vectors(mode: Any) -> None:
    def f(x: Any) -> Any:
        return np.pad(x, ((1, 2), (0, 1)), mode, factor=2.5)

    x = 0.1 * np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(bp.evaluate(f)(x), f(x))
    bp.testing.check_grads(lambda x: np.sum(np.sin(f(x))), (x,))


# Quantiles.


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("q", [0.0, 0.3, 0.5, 1.0, (0.1, 0.75)], ids=str)
def test_methods_of_quantiles(method: Any, q: Any) -> None:
    for axis, keepdims in product((None, 0, -1, (0, 1)), (True, False)):
        agrees(lambda x, a=axis, k=keepdims: np.quantile(x, q, a, method=method, keepdims=k), X)


def holed(*places: tuple[int, ...]) -> Any:
    x = rng.normal(size=(5, 4))
    for place in places:
        x[place] = np.nan
    return x


HOLED = (holed(), holed((0, 1), (2, 1), (4, 3)), holed((0, 0), (1, 0), (2, 0), (3, 0), (4, 0)))


@pytest.mark.parametrize("method", ["linear", "lower", "hazen"])
@pytest.mark.parametrize("x", HOLED, ids=str)
def test_quantiles_of_what_is_not_nan(method: Any, x: Any) -> None:
    for axis, q, keepdims in product((None, 0, 1), (0.3, (0.1, 0.75)), (True, False)):
        with warnings.catch_warnings(action="ignore"):
            agrees(lambda x, a=axis, q=q, k=keepdims: np.nanquantile(x, q, a, method=method, keepdims=k), x)


def test_medians_and_percentiles_of_what_is_not_nan() -> None:
    x = HOLED[1]
    for axis in (None, 0, 1):
        agrees(lambda x, a=axis: np.nanmedian(x, a), x)
        agrees(lambda x, a=axis: np.nanpercentile(x, [20, 70], a), x)
    gradient = bp.grad(lambda x: np.sum(np.nanmedian(x, 0)))(x)
    assert np.isfinite(gradient).all()
    assert gradient[np.isnan(x)].tolist() == [0.0, 0.0, 0.0]


# Periods, weights, polynomials.


@pytest.mark.parametrize("period", [4.5, -4.5, 7.0])
def test_the_period_of_interp(period: float) -> None:
    at, xs, ys = rng.uniform(-20, 20, 30), np.array([0.5, 6.0, 2.2, -2.9]), rng.normal(size=4)
    agrees(lambda at, xs, ys: np.interp(at, xs, ys, period=period), at, xs, ys)


WEIGHTS = (rng.normal(size=(4, 3)), np.array([0.0, 1.0, 2.0]), np.zeros((4, 3)), np.array([0.0, 1.0, -1.0]))


def same(f: Callable[..., Any], *operands: Any) -> None:
    """Fail where a function of our logsumexp, which SciPy's is not handed to, is not that of SciPy's."""
    expected, found = f(scipy.special.logsumexp, *operands), bp.evaluate(partial(f, special.logsumexp))(*operands)
    for wanted, ours in zip(*((x if isinstance(x, tuple) else (x,)) for x in (expected, found)), strict=True):
        known = np.isfinite(wanted)
        np.testing.assert_allclose(np.asarray(ours)[known], np.asarray(wanted)[known], rtol=1e-12, atol=1e-14)
        assert np.shape(ours) == np.shape(wanted)


@pytest.mark.parametrize("b", WEIGHTS, ids=str)
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_weights_of_logsumexp(b: Any, axis: Any) -> None:
    far = X + np.array([900.0, -3.0, -700.0])
    for a, keepdims, signs in product((X, far, far - 1e4, np.where(X > 1, -np.inf, X)), (True, False), (True, False)):
        with warnings.catch_warnings(action="ignore"):
            same(lambda f, a, b, k=keepdims, s=signs: f(a, axis, b, k, s), a, b)


def test_sums_of_logsumexp_that_have_no_logarithm() -> None:
    a = np.array([-9000.0, -9000.0])  # of which SciPy answers -inf in both cases
    f = bp.evaluate(lambda a, b: special.logsumexp(a, b=b))
    with warnings.catch_warnings(action="ignore"):
        assert np.isnan(f(a, np.array([1.0, -2.0])))
        assert f(a, np.zeros(2)) == -np.inf


def test_signs_of_logsumexp() -> None:
    same(lambda f, a: f(a, return_sign=True), X)
    assert bp.evaluate(lambda a: special.logsumexp(a, return_sign=True))(np.full(3, -np.inf)) == (-np.inf, 0)


def test_a_weight_of_0_has_a_derivative() -> None:
    found = bp.grad(lambda b: special.logsumexp(np.array([1.0, 2.0]), b=b))(np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, [np.exp(-1.0), 1.0])


def test_roots_of_polynomials() -> None:
    for p in ([1.0, -3.0, 1.0, 2.5], [0.0, 0.0, 2.0, 1.0, 5.0, 0.0, 0.0], [3.0, 0.0], [4.0], [0.0, 0.0]):
        found, expected = bp.evaluate(np.roots)(np.array(p)), np.roots(p)
        np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), rtol=1e-12, atol=1e-14)
    found = bp.grad(lambda c: np.max(np.roots(np.array([1.0, -3.0, 1.0]) + c * np.array([0.0, 0.0, 1.0])).real))(0.0)
    np.testing.assert_allclose(found, -1 / np.sqrt(5))


@pytest.mark.parametrize(("u", "v"), [([3.0, 5, 2], [2.0, 1]), ([1.0, 0, -1], [1.0, 1]), ([1.0], [2.0, 3.0])])
def test_quotients_of_polynomials(u: Any, v: Any) -> None:
    agrees(lambda u, v: np.polydiv(u, v), np.array(u), np.array(v))


# The dtype of ufuncs.


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_the_dtype_of_ufuncs(dtype: Any) -> None:
    agrees(lambda x: np.add(x, 1, dtype=dtype), X.astype(np.float32))
    agrees(lambda x, y: np.multiply(x, y, dtype=dtype), X, np.arange(3))
    agrees(lambda x: np.sin(x, dtype=dtype), X)
    agrees(lambda x: np.cumsum(x, 1, dtype=dtype) + np.prod(x, dtype=dtype), X.astype(np.float32))


def test_the_dtype_of_a_gradient_is_that_of_its_argument() -> None:
    found = bp.grad(lambda x: np.sum(np.square(x, dtype=np.float32)))(X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 2 * X, rtol=1e-6)


def test_a_dtype_that_would_lose_more_than_digits() -> None:
    with pytest.raises(bp.errors.GraphTypeError, match=r"add with dtype=int64: .*\n.*test_options.*\n.*astype"):
        bp.evaluate(lambda x: np.add(x, 1, dtype=np.int64))(X)
    with pytest.raises(TypeError):
        np.add(X, 1, dtype=np.int64)
