"""A Gaussian process, as people write it: a kernel of differences, a Cholesky factor, its marginal likelihood."""

import numpy as np
from scipy.optimize import minimize

import backprop as bp

rng = np.random.default_rng(0)


def kernel(theta, a, b):
    amplitude, length = np.exp(theta[:2])
    distance = (a[:, None] - b[None, :]) / length
    return amplitude**2 * np.exp(-0.5 * distance**2)


def negative_log_likelihood(theta, x, y):
    covariance = kernel(theta, x, x)
    covariance[np.diag_indices(len(x))] += np.exp(2 * theta[2])  # the noise
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, y)
    return 0.5 * white @ white + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * np.log(2 * np.pi)


def predict(theta, x, y, where):
    covariance = kernel(theta, x, x) + np.exp(2 * theta[2]) * np.eye(len(x))
    return kernel(theta, where, x) @ np.linalg.solve(covariance, y)


x = np.sort(rng.uniform(0, 6, 40))
y = np.sin(2 * x) + 0.1 * rng.normal(size=40)
start = np.log([0.5, 1.5, 0.5])

value, gradient = bp.value_and_grad(negative_log_likelihood)(start, x, y)
assert np.isclose(value, negative_log_likelihood(start, x, y))
steps = 1e-6 * np.eye(3)
nearby = [[negative_log_likelihood(start + sign * step, x, y) for sign in (1, -1)] for step in steps]
assert np.allclose(gradient, (np.array(nearby) @ [1, -1]) / 2e-6, rtol=1e-5)

found = minimize(bp.compile(bp.value_and_grad(negative_log_likelihood)), start, args=(x, y), jac=True)
assert found.fun < value
assert np.isclose(np.exp(found.x[2]), 0.1, atol=0.05)  # the noise that was added

grid = np.linspace(0.5, 5.5, 50)
assert np.max(np.abs(predict(found.x, x, y, grid) - np.sin(2 * grid))) < 0.2

# How fast the prediction changes from place to place, and its curvature in the parameters.
slope = bp.elementwise_grad(predict, 3)(found.x, x, y, grid)
assert np.max(np.abs(slope - 2 * np.cos(2 * grid))) < 1.0
hessian = bp.hessian(negative_log_likelihood)(found.x, x, y)
assert np.all(np.linalg.eigvalsh(hessian) > 0)
