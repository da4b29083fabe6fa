"""Derivatives over the whole range of float64, where the textbook formula cancels, underflows or overflows too early.

The oracle is mpmath with 60 digits, which shares no code with this package. The error is counted in units in the last
place of the true derivative; below the smallest normal number it is counted in units of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp

import backprop as bp

SMALLEST = np.finfo(float).smallest_normal
SIDE = 10.0 ** np.arange(-300, 301, 12.5)
MIDDLE = np.linspace(0.05, 45.0, 60)
RIGHT = np.concatenate([SIDE, MIDDLE])
EVERYWHERE = np.concatenate([-RIGHT, RIGHT])

Oracle = Callable[[Any], Any]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def hazard(x: Any) -> Any:
    """phi(x) / Phi(x), by a continued fraction far on the left, where mpmath's erfc would take ever more digits."""
    if x < -1e3:
        return -x + 1 / (-x + 2 / (-x + 3 / -x))
    return mp.npdf(x) / mp.ncdf(x)


# The function, its derivative, where it is tried, and the largest error in units in the last place.
FIRST: dict[str, tuple[Callable[[Any], Any], Oracle, Any, float]] = {
    "tanh": (np.tanh, lambda x: 1 / mp.cosh(x) ** 2, EVERYWHERE[abs(EVERYWHERE) < 350], 1000.0),
    "expit": (sp.expit, lambda x: sigmoid(x) * sigmoid(-x), EVERYWHERE[abs(EVERYWHERE) < 700], 8.0),
    "softplus": (bp.ops.softplus, sigmoid, EVERYWHERE[abs(EVERYWHERE) < 700], 4.0),
    "log_expit": (sp.log_expit, lambda x: sigmoid(-x), EVERYWHERE[abs(EVERYWHERE) < 700], 4.0),
    "logaddexp": (lambda x: np.logaddexp(x, 0.0), sigmoid, EVERYWHERE[abs(EVERYWHERE) < 700], 4.0),
    "arcsinh": (np.arcsinh, lambda x: 1 / mp.sqrt(1 + x * x), EVERYWHERE, 4.0),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x), EVERYWHERE[abs(EVERYWHERE) < 1e150], 4.0),
    "log_ndtr": (sp.log_ndtr, hazard, np.concatenate([-RIGHT, MIDDLE[MIDDLE < 37]]), 2000.0),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), RIGHT, 4.0),
    "expm1": (np.expm1, mp.exp, EVERYWHERE[abs(EVERYWHERE) < 700], 4.0),
    "log": (np.log, lambda x: 1 / x, RIGHT, 4.0),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), RIGHT, 4.0),
    "erf": (sp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), MIDDLE[MIDDLE < 26], 2000.0),
    "erfcx": (sp.erfcx, lambda x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi), MIDDLE[MIDDLE < 5], 500.0),
}
SECOND: dict[str, tuple[Callable[[Any], Any], Oracle, Any, float]] = {
    "softplus": (bp.ops.softplus, lambda x: sigmoid(x) * sigmoid(-x), EVERYWHERE[abs(EVERYWHERE) < 700], 8.0),
    "logaddexp": (
        lambda x: np.logaddexp(x, 0.0),
        lambda x: sigmoid(x) * sigmoid(-x),
        EVERYWHERE[abs(EVERYWHERE) < 700],
        8.0,
    ),
    "tanh": (np.tanh, lambda x: -2 * mp.tanh(x) / mp.cosh(x) ** 2, EVERYWHERE[abs(EVERYWHERE) < 350], 1000.0),
}


def units(found: np.ndarray[Any, Any], x: np.ndarray[Any, Any], derivative: Oracle) -> float:
    """The largest error, in units in the last place of the true derivative."""
    worst = 0.0
    with mp.workdps(60):
        for f, at in zip(found, x, strict=True):
            true = derivative(mp.mpf(float(at)))
            unit = mp.mpf(float(np.spacing(max(abs(float(true)), SMALLEST))))
            worst = max(worst, float(abs(mp.mpf(float(f)) - true) / unit))
    return worst


@pytest.mark.parametrize("name", FIRST)
def test_a_derivative_is_right_wherever_it_can_be_represented(name: str) -> None:
    f, derivative, x, most = FIRST[name]
    assert units(bp.elementwise_grad(f)(x), x, derivative) < most


@pytest.mark.parametrize("name", SECOND)
def test_a_second_derivative_is_right_wherever_it_can_be_represented(name: str) -> None:
    f, derivative, x, most = SECOND[name]
    assert units(bp.elementwise_grad(bp.elementwise_grad(f))(x), x, derivative) < most


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1e200, 0.0, 0.0, 1e200, 1e200], [0.0, 0.0, 0.0, 0.0, 0.0]),
        ([0.0, 1e-200, 1e-200, 1e200, 1e200], [1.0, 0.0, 0.0, 0.0, 0.0]),
        ([1e-200, 1e-200, 1e200, 1e200], [1e200, 1e200, 1e-200, 1e-200]),
        ([2.0, -3.0, 0.5], [-1.5, 1.0, -6.0]),
    ],
)
def test_a_product_whose_parts_overflow(x: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(bp.grad(np.prod)(np.array(x)), expected, rtol=1e-14)
    np.testing.assert_allclose(bp.compile(bp.grad(np.prod))(np.array(x)), expected, rtol=1e-14)


def test_the_logarithm_of_a_sum_with_infinities() -> None:
    def share(x: float, y: float) -> Any:
        return bp.grad(np.logaddexp, (0, 1))(x, y)

    assert share(1.0, np.inf) == (0.0, 1.0)
    assert share(-np.inf, 1.0) == (0.0, 1.0)
    assert share(-np.inf, -np.inf) == (0.0, 0.0)
    assert share(np.inf, np.inf) == (0.5, 0.5)


@pytest.mark.parametrize("n", range(6))
def test_the_reciprocal_of_gamma_at_its_zeros(n: int) -> None:
    expected = (-1.0) ** n * sp.factorial(n)
    assert bp.grad(sp.rgamma)(-float(n)) == pytest.approx(expected, rel=1e-13)


def test_nanstd_of_constants_as_std() -> None:
    np.testing.assert_array_equal(bp.grad(np.nanstd)(np.array([2.0, 2.0, np.nan])), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(bp.grad(np.std)(np.array([2.0, 2.0])), [0.0, 0.0])
