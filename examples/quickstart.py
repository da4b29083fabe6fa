"""Quickstart: the gradient of a NumPy function.

x --> sin --+
|           +--> multiply --> sum --> value
+--> square-+
"""

from __future__ import annotations

import numpy as np

import backprop as bp


def f(x):
    return np.sum(np.sin(x) * x**2)


x = np.linspace(0.0, 2.0, 5)
value, gradient = bp.value_and_grad(f)(x)

assert np.isclose(value, f(x))
assert np.allclose(gradient, np.cos(x) * x**2 + np.sin(x) * 2 * x)
assert gradient.dtype == x.dtype
