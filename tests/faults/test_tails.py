"""Reports of users, section 3: derivatives that underflow too early, or overflow where the true value is a number."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special as sp

import backprop as bp
from tests.faults.inputs import Input, near, right

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

TAILS = {
    "tanh": Input(np.tanh, 20.0, (4 * np.exp(-40.0),)),
    "expit": Input(sp.expit, 40.0, (np.exp(-40.0),)),
    "arcsinh": Input(np.arcsinh, 1e160, (1e-160,)),
    "log_ndtr": Input(sp.log_ndtr, -1e8, (1e8,)),
    "softplus, twice": Input(bp.grad(bp.ops.softplus), 37.0, (np.exp(-37.0),)),
    "softplus on the left, twice": Input(bp.grad(bp.ops.softplus), -37.0, (np.exp(-37.0),)),
    "product with two zeros": Input(np.prod, np.array([1e200, 0, 0, 1e200, 1e200]), (np.zeros(5),)),
    "product with a zero": Input(np.prod, np.array([0, 1e-200, 1e-200, 1e200, 1e200]), ([1.0, 0.0, 0.0, 0.0, 0.0],)),
    "nanstd of constants": Input(np.nanstd, np.ones(3), (np.zeros(3),)),
    "rgamma at 0": Input(sp.rgamma, 0.0, (1,)),
    "rgamma at -1": Input(sp.rgamma, -1.0, (-1,)),
    "rgamma at -2": Input(sp.rgamma, -2.0, (2,)),
}


@pytest.mark.parametrize("name", TAILS)
def test_a_tail(name: str) -> None:
    row = TAILS[name]
    assert right(bp.grad(row.function)(row.at), row)


def test_logaddexp_with_infinity() -> None:
    assert near(bp.grad(np.logaddexp, (0, 1))(1.0, np.inf), (0, 1))
