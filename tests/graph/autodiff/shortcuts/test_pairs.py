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


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_a_fraction_of_it_are_right_to_their_last_digits_in_both_tails(scale: float, order: int) -> None:
    x = np.concatenate([np.linspace(-600.0, -2.0, 60), np.linspace(2.0, 600.0, 60)])
    f = bp.elementwise_grad(lambda x: scale / (1 + np.exp(-x)))
    for _ in range(order - 1):
        f = bp.elementwise_grad(f)
    p, q = scipy.special.expit(x), scipy.special.expit(-x)
    exact = scale * p * q * (1.0, q - p, q * q - 4 * p * q + p * p)[order - 1]
    np.testing.assert_allclose(f(x), exact, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:overflow")
def test_not_a_number_stays_one_and_a_number_is_no_array() -> None:
    slope = bp.elementwise_grad(logistic)
    assert np.isnan(slope(np.array([np.nan, -800.0]))).tolist() == [True, False]
    assert [slope(np.float32(-800.0)), slope(np.float64(-np.inf)), slope(0.0)] == [0.0, 0.0, 0.25]
    assert np.isnan(slope(np.nan))
