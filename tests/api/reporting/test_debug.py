"""debug names the op and the line that made the first NaN or infinity, and captures that have changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import NotFiniteError, StaleCaptureError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def line_of(function: Callable[..., Any], text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if text in line)


def forward(x: Any) -> Any:
    y = x - 1.0
    z = np.log(y)
    return np.sum(z * 2.0)


def backward(x: Any) -> Any:
    y = np.sqrt(x)
    return np.sum(y + 1.0)


def harmless(x: Any) -> Any:
    return np.sum(np.where(x > 0, np.log(x), 0.0))


@pytest.mark.parametrize("wrap", [lambda f: f, bp.compile], ids=["traced", "compiled"])
def test_the_first_infinity_is_named_with_its_op_its_operands_and_line(wrap: Any) -> None:
    with bp.debug(), pytest.raises(NotFiniteError) as caught:
        wrap(bp.value_and_grad(forward))(np.array([1.0, 2.0, 4.0]))
    error = caught.value
    assert error.what == "log(float64[3] from 0 to 3) gave 1 infinite of 3 elements"
    assert error.where is not None
    assert error.where[1] == line_of(forward, "np.log")
    assert isinstance(error, FloatingPointError)


def test_a_derivative_that_is_not_finite_is_named_as_one() -> None:
    with bp.debug(), pytest.raises(NotFiniteError, match="1 infinite of 2 elements, as a derivative") as caught:
        bp.grad(backward)(np.array([0.0, 4.0]))
    assert caught.value.where[1] == line_of(backward, "np.sqrt")  # type: ignore[index]


def test_what_a_choice_masks_out_is_no_trouble() -> None:
    with bp.debug():
        assert np.isfinite(bp.grad(harmless)(np.array([-1.0, 2.0]))).all()


def test_a_nan_that_comes_in_is_told_as_that() -> None:
    with bp.debug(), pytest.raises(NotFiniteError, match=r"^input 0 holds 1 NaN of 2 elements when it comes in"):
        bp.grad(forward)(np.array([np.nan, 2.0]))


def test_each_executor_finds_it(executor: Any) -> None:
    with bp.debug(), bp.use(executor), pytest.raises(NotFiniteError, match="log"):
        bp.grad(forward)(np.array([1.0, 2.0]))


def test_a_capture_that_changed_is_found_with_its_line() -> None:
    scale = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        y = np.sin(x)
        return np.sum(y * scale)

    step = bp.compile(bp.grad(f))
    x = np.array([0.5, 0.25])
    before = step(x)
    with bp.debug():
        assert np.array_equal(step(x), before)
    scale[0] = 3.0
    assert np.array_equal(step(x), before)
    with bp.debug(), pytest.raises(StaleCaptureError, match="has changed since it was compiled") as caught:
        step(x)
    assert caught.value.where[1] == line_of(f, "scale")  # type: ignore[index]
    with bp.debug(stale=False):
        assert np.array_equal(step(x), before)


def test_a_number_that_changed_is_found_too() -> None:
    class Model:
        rate = 2.0

    step = bp.compile(lambda x: np.sum(x * Model.rate))
    step(np.ones(2))
    Model.rate = 3.0
    with bp.debug(), pytest.raises(StaleCaptureError):
        step(np.ones(2))


def test_without_nans_a_result_may_be_what_it_is() -> None:
    with bp.debug(nans=False):
        assert bp.evaluate(forward)(np.array([1.0])) == -np.inf
    assert bp.evaluate(forward)(np.array([1.0])) == -np.inf


def test_within_a_profile_both_look() -> None:
    with bp.debug():
        assert bp.profile(bp.grad(backward), np.array([1.0]), repeat=1).description.run is not None
