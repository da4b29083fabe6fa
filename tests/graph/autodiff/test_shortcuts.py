"""The logistic function as it is written: its derivatives are right where either share of it is next to nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import backprop as bp


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("dtype", "end"), [("float64", 708.0), ("float32", 87.0)])
def test_the_derivative_of_the_logistic_function_is_right_to_the_ends_of_the_numbers(dtype: str, end: float) -> None:
    x = np.concatenate([np.linspace(-end, end, 4001), np.linspace(-5, 5, 1001)]).astype(dtype)
    exact = scipy.special.expit(x.astype(float)) * scipy.special.expit(-x.astype(float))
    normal = exact > 4 * float(np.finfo(dtype).tiny)
    got = bp.elementwise_grad(logistic)(x)
    assert got.dtype == dtype
    assert np.max(np.abs(got[normal] - exact[normal]) / exact[normal]) < 8 * float(np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.filterwarnings("ignore:overflow")
def test_beyond_them_it_is_zero_at_first_and_at_second_order(dtype: str) -> None:
    x = np.array([-np.inf, -1e30, -800.0, 800.0, 1e30, np.inf], dtype)
    slope = bp.elementwise_grad(logistic)
    assert slope(x).tolist() == [0.0] * 6
    assert bp.elementwise_grad(slope)(x).tolist() == [0.0] * 6


def test_the_second_derivative_is_that_of_the_function() -> None:
    x = np.linspace(-30.0, 30.0, 601)
    p, q = scipy.special.expit(x), scipy.special.expit(-x)
    got = bp.elementwise_grad(bp.elementwise_grad(logistic))(x)
    np.testing.assert_allclose(got, p * q * (q - p), rtol=1e-13, atol=1e-17)
