"""Functions of scipy.special that are no ufuncs, but call one: values are SciPy's, derivatives right in both orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import backprop as bp
from backprop.testing import check_grads

CALLS: dict[str, Callable[[Any], Any]] = {
    "zeta": lambda x: sp.zeta(x + 2),
    "zeta of two": lambda x: sp.zeta(x + 2, x),
    "lambertw": lambda x: sp.lambertw(x).real,
    "another branch": lambda x: np.imag(sp.lambertw(x, 2)),
    "of complex numbers": lambda x: np.abs(sp.lambertw(x + 1j * x, k=1, tol=1e-10)),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name: str) -> None:
    f, x = CALLS[name], np.array([0.3, 0.7, 1.2])
    np.testing.assert_array_equal(bp.compile(f)(x), f(x), strict=True)
    check_grads(f, (x,), order=2)


def test_lambertw_at_zero() -> None:
    assert bp.grad(lambda z: sp.lambertw(z).real)(0.0) == 1.0
