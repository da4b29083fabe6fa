"""Distributions have SciPy's values, and derivatives that agree with differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop as bp
from backprop.errors import UnknownFunctionError
from backprop.scipy import linalg, special, stats

CONTINUOUS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("norm", "cauchy", "laplace", "logistic", "gumbel_r", "gumbel_l", "expon", "uniform"), ()),
    **dict.fromkeys(("rayleigh", "halfnorm"), ()),
    **{"t": (3.5,), "gennorm": (1.7,), "vonmises": (2.1,), "truncnorm": (-0.5, 2.0), "gamma": (2.3,), "chi2": (3.0,)},
    **{"invgamma": (2.2,), "f": (3.0, 4.5), "lognorm": (0.7,), "pareto": (2.5,), "weibull_min": (1.7,)},
    **{"beta": (2.0, 3.5), "wrapcauchy": (0.4,)},
}
DISCRETE: dict[str, tuple[float, ...]] = {
    **{"bernoulli": (0.3,), "binom": (5, 0.3), "betabinom": (6, 1.5, 2.0), "nbinom": (3.5, 0.4), "geom": (0.3,)},
    **{"poisson": (2.5,), "skellam": (1.5, 2.5)},
}
OF_X = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")
OF_K = ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf")
MISSING = {
    **dict.fromkeys(("vonmises", "skellam", "betabinom"), frozenset({"cdf", "sf", "logcdf", "logsf", "ppf"})),
    **dict.fromkeys(("gennorm", "truncnorm", "invgamma", "rayleigh", "halfnorm", "wrapcauchy"), frozenset({"ppf"})),
}
"""What is not elementary."""

numbers = st.floats(-30, 30).map(lambda x: round(x, 3))


def agree(name: str, method: str, x: Any, *args: Any) -> None:
    ours = getattr(getattr(stats, name), method)
    if method in MISSING.get(name, ()):
        with pytest.raises(UnknownFunctionError, match="is not elementary"):
            ours(x, *args)
        return
    with np.errstate(all="ignore"):
        expected, found = getattr(getattr(scipy.stats, name), method)(x, *args), ours(x, *args)
    atol = 4e-15 if method.startswith("log") or method in ("cdf", "sf") else 1e-300  # SciPy's log(cdf) cancels near 0
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=atol, err_msg=f"{name}.{method}{args} at {x}")


@pytest.mark.parametrize("name", CONTINUOUS)
@settings(max_examples=15, deadline=None)
@given(st.lists(numbers, min_size=3, max_size=3), st.floats(-2, 2), st.sampled_from([0.5, 1.0, 3.0, -1.0]))
def test_a_density_and_what_follows_from_it_are_those_of_scipy(name: str, x: Any, loc: float, scale: float) -> None:
    loc = round(loc, 3)
    for method in OF_X:
        agree(name, method, np.array(x), *CONTINUOUS[name], loc, scale)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_quantile_is_that_of_scipy(name: str) -> None:
    agree(name, "ppf", np.array([0.0, 0.01, 0.3, 0.9, 1.0, 1.5]), *CONTINUOUS[name], 0.5, 2.0)


@pytest.mark.parametrize("name", DISCRETE)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-3, 12), min_size=3, max_size=3), st.integers(-1, 2))
def test_a_probability_and_what_follows_from_it_are_those_of_scipy(name: str, k: Any, loc: int) -> None:
    for method in OF_K:
        agree(name, method, np.array(k), *DISCRETE[name], loc)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_log_density_has_derivatives_by_all_that_it_takes(name: str) -> None:
    x = np.array([0.5, 0.9, 1.3]) + (2.0 if name == "pareto" else 0.0)
    bp.testing.check_grads(getattr(stats, name).logpdf, (x, *CONTINUOUS[name], 0.2, 1.4))


@pytest.mark.parametrize("name", DISCRETE)
def test_a_log_probability_has_derivatives_by_its_shapes(name: str) -> None:
    *whole, p = DISCRETE[name]
    bp.testing.check_grads(lambda p: getattr(stats, name).logpmf(np.array([1, 1]), *whole, p), (p,))


@pytest.mark.parametrize("name", ["gamma", "beta", "chi2", "t", "truncnorm"])
def test_a_distribution_function_has_derivatives_by_its_shapes(name: str) -> None:
    shapes = CONTINUOUS[name]
    bp.testing.check_grads(lambda *shapes: getattr(stats, name).cdf(0.7, *shapes), shapes)


def test_outside_of_the_support_nothing_flows() -> None:
    assert bp.value_and_grad(lambda a: stats.gamma.logpdf(-1.0, a))(2.0) == (-np.inf, 0.0)
    assert bp.grad(lambda s: np.sum(stats.lognorm.pdf(np.array([-1.0, 0.0]), s)))(0.5) == 0.0


def test_parameters_by_name_and_wrong_ones() -> None:
    assert stats.gamma.logpdf(1.0, a=2.0, scale=3.0) == stats.gamma.logpdf(1.0, 2.0, 0, 3.0)
    with pytest.raises(TypeError, match=r"gamma takes the parameters a, loc, scale; .*'b'"):
        stats.gamma.logpdf(1.0, 2.0, b=3.0)
    with pytest.raises(TypeError, match=r"gamma takes the parameters"):
        stats.gamma.logpdf(1.0)


def test_distributions_of_vectors() -> None:
    rng = np.random.default_rng(0)
    x, root, p = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), np.array([0.2, 0.3, 0.5])
    cov, mean = root @ root.T + np.eye(3), np.ones(3)
    theirs = scipy.stats
    for args in ((x, mean, cov), (1.5, 0.3, 2.0)):
        expected = theirs.multivariate_normal.logpdf(*args)
        np.testing.assert_allclose(stats.multivariate_normal.logpdf(*args), expected)
    np.testing.assert_allclose(stats.dirichlet.logpdf(p, mean + p), theirs.dirichlet.logpdf(p, mean + p))
    counts = np.array([[1, 2, 3], [1, 1, 1]])
    np.testing.assert_allclose(stats.multinomial.logpmf(counts, 6, p), theirs.multinomial.logpmf(counts, 6, p))
    bp.testing.check_grads(lambda r, m: stats.multivariate_normal.logpdf(x, m, r @ r.T + np.eye(3)), (root, mean))


def test_a_normal_distribution_of_vectors_without_variance_in_some_directions() -> None:
    x, mean, cov = np.array([0.5, -1.0, 0.3]), np.array([0.1, 0.2, 0.3]), np.diag([2.0, 0.5, 0.0])
    ours, theirs = stats.multivariate_normal, scipy.stats.multivariate_normal
    for there in (x, x + 1.0):
        assert ours.logpdf(there, mean, cov, True) == pytest.approx(theirs.logpdf(there, mean, cov, True))
    full = np.array([[2.0, 0.3], [0.3, 1.0]])
    assert ours.logpdf(x[:2], mean[:2], full, True) == pytest.approx(theirs.logpdf(x[:2], mean[:2], full))
    assert ours.entropy(mean[:2], full) == pytest.approx(theirs.entropy(mean[:2], full))
    bp.testing.check_grads(lambda x: ours.logpdf(np.append(x, 0.3), mean, cov, True), (x[:2],))
    bp.testing.check_grads(lambda r: ours.entropy(None, r @ r.T), (full,))


def test_what_is_not_differentiated_is_that_of_scipy() -> None:
    expected = scipy.stats.gamma.rvs(2.0, size=3, random_state=1)
    assert stats.gamma.rvs(2.0, size=3, random_state=1).tolist() == expected.tolist()
    assert stats.dirichlet.rvs([1.0, 2.0], random_state=1).shape == (1, 2)
    with pytest.raises(AttributeError):
        _ = stats.gamma.no_such_method
    with pytest.raises(UnknownFunctionError, match=r"stats\.gamma\.std takes no traced values"):
        bp.grad(lambda a: stats.gamma.std(a))(2.0)


def test_namesakes_of_functions() -> None:
    assert special.gammainc is bp.ops.gammainc
    assert linalg.expm is bp.ops.expm


def test_what_is_not_there_is_scipys_own_of_plain_values() -> None:
    x = np.array([0.3, 1.2, -0.7])
    np.testing.assert_array_equal(stats.zscore(x), scipy.stats.zscore(x))
    assert stats.burr is scipy.stats.burr
    for name in ("zscore", "skew", "gaussian_kde"):
        with pytest.raises(
            UnknownFunctionError, match=rf"scipy\.stats\.{name} takes no traced values: .*\n.*\n.*numpy"
        ):
            bp.evaluate(getattr(stats, name))(x)
    with pytest.raises(AttributeError):
        _ = stats.no_such_name


LISTS: dict[str, Callable[[Any, Any], Any]] = {
    "values": lambda s, a: s.norm.logpdf([0.2, 0.5], a),
    "locations": lambda s, a: s.norm.cdf(0.3, [0.1, 0.2], a),
    "shapes": lambda s, a: s.gamma.logpdf(a, [1.5, 2]),
    "probabilities": lambda s, a: s.norm.ppf([0.2, 0.5], a),
    "counts": lambda s, a: s.poisson.logpmf([1, 2], a),
    "counts at most": lambda s, a: s.binom.cdf([1, 2], 5, a),
    "a covariance": lambda s, a: s.multivariate_normal.logpdf([0.1, 0.2], [0, 0], [[a, 0.1], [0.1, 1]]),
    "a vector": lambda s, a: s.multivariate_normal.logpdf([0.1, a], [0, 0], [[2, 0.1], [0.1, 1]]),
    "a mean": lambda s, a: s.multivariate_normal.logpdf([0.1, 0.2], [a, 0], 2),
    "of an entropy": lambda s, a: s.multivariate_normal.entropy([0, 0], [[a, 0.1], [0.1, 1]]),
    "weights": lambda s, a: s.dirichlet.logpdf([0.2, 0.8], [a, 1.0]),
    "shares": lambda s, a: s.dirichlet.logpdf([a, 1 - a], [2, 1.0]),
    "all shares but one": lambda s, a: s.dirichlet.logpdf([a], [2, 1.0]),
    "outcomes": lambda s, a: s.multinomial.logpmf([1, 2], 3, [a, 1 - a]),
    "trials": lambda s, a: s.multinomial.pmf([[1, 2], [2, 1]], [3, 3], [a, 1 - a]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_arrays_traced_or_not(name: str) -> None:
    f = LISTS[name]
    np.testing.assert_allclose(bp.evaluate(lambda a: f(stats, a))(0.7), f(scipy.stats, 0.7))
    quotient = (np.sum(f(scipy.stats, 0.7 + 1e-6)) - np.sum(f(scipy.stats, 0.7 - 1e-6))) / 2e-6
    np.testing.assert_allclose(bp.grad(lambda a: np.sum(f(stats, a)))(0.7), quotient, rtol=1e-5)
