"""Second order: gradients of gradients, Hessians, and their products with vectors.

x --> f --> grad --> graph of the gradient --> grad again --> graph of the second derivative
"""

from __future__ import annotations

import numpy as np

import backprop as bp


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


x = np.array([0.5, -0.3, 0.8])
v = np.array([1.0, 2.0, -1.0])

hessian = bp.hessian(rosenbrock)(x)
product = bp.hvp(rosenbrock, (x,), v)  # without ever making the matrix

assert np.allclose(hessian, hessian.T)
assert np.allclose(hessian @ v, product)

third = bp.grad(bp.grad(bp.grad(lambda t: np.sin(2 * t))))(0.3)
assert np.isclose(third, -8 * np.cos(0.6))

# Newton's method: second derivatives find the minimum in a few steps.
for _ in range(20):
    x = x - np.linalg.solve(bp.hessian(rosenbrock)(x), bp.grad(rosenbrock)(x))
assert np.max(np.abs(bp.grad(rosenbrock)(x))) < 1e-8
