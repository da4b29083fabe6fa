"""Reports of users, section 2: NaN that comes back through a mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import backprop as bp
from tests.faults.inputs import NAN, Input, right

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def masked(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: np.where(x < 9, function(x), 0)


MASKED = {
    "p log p": Input(lambda p: np.where(p > 0, p * np.log(p), 0), 0.0, (0,)),
    "exp": Input(lambda x: np.where(x < 700, np.exp(x), 0), 1000.0, (0,)),
    "nanmean of squares": Input(lambda x: np.nanmean(x**2), np.array([1.0, NAN]), ([2, 0],)),
    "x x x": Input(masked(lambda x: x * x * x), 1e200, (0,)),
    "cube": Input(masked(lambda x: x**3), 1e200, (0,)),
    "expm1": Input(masked(np.expm1), 1e4, (0,)),
    "sinh": Input(masked(np.sinh), 1e4, (0,)),
    "gamma": Input(masked(sp.gamma), 1e4, (0,)),
    "i0": Input(masked(sp.i0), 1e4, (0,)),
    "tanh of what is no number": Input(
        lambda x: np.sum(np.where(np.isnan(x), 0, np.tanh(x))), np.array([NAN, 1.0]), ([0, 1 - np.tanh(1.0) ** 2],)
    ),
    "logistic": Input(lambda x: 1 / (1 + np.exp(-x)), -800.0, (0,)),
}


@pytest.mark.parametrize("name", MASKED)
def test_what_is_masked_has_no_part(name: str) -> None:
    row = MASKED[name]
    assert right(bp.grad(row.function)(row.at), row)


def test_a_masked_column_leaks_into_no_row_of_a_product() -> None:
    def loss(x: Any) -> Any:
        product = np.array([[1.0, 2.0], [3.0, 4.0]]) @ x
        return np.sum(np.where(np.array([True, False]), product, 0))

    assert np.isfinite(bp.grad(loss)(np.array([[1.0, NAN], [2.0, NAN]]))).all()
