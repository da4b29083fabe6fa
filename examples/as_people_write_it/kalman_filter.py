"""The likelihood of a Kalman filter, as people write it: matrices of scalars, arrays filled step by step."""

import numpy as np
from scipy.optimize import minimize

import backprop as bp

rng = np.random.default_rng(2)
STEPS, DT = 150, 0.1


def model(theta):
    """The matrices of a noisy oscillator, from its logarithmic parameters."""
    stiffness, process, noise = np.exp(theta)
    step = np.array([[1.0, DT], [-stiffness * DT, 1.0 - 0.2 * DT]])
    return step, process * DT * np.diag([0.0, 1.0]), noise


def log_likelihood(theta, observed):
    step, process, noise = model(theta)
    mean, covariance = np.zeros(2), np.eye(2)
    innovations = np.zeros_like(theta, shape=len(observed))
    variances = np.zeros_like(theta, shape=len(observed))
    for k in range(len(observed)):
        mean = step @ mean
        covariance = step @ covariance @ step.T + process
        innovations[k] = observed[k] - mean[0]
        variances[k] = covariance[0, 0] + noise
        gain = covariance[:, 0] / variances[k]
        mean = mean + gain * innovations[k]
        covariance -= np.outer(gain, covariance[0])
    return -0.5 * np.sum(innovations**2 / variances + np.log(2 * np.pi * variances))


truth = np.log([4.0, 0.5, 0.05])
step, process, noise = model(truth)
state, observed = np.array([1.0, 0.0]), np.empty(STEPS)
for k in range(STEPS):
    state = step @ state + rng.normal(size=2) * np.sqrt(np.diag(process))
    observed[k] = state[0] + rng.normal() * np.sqrt(noise)

start = np.log([2.0, 1.0, 0.2])
value, gradient = bp.value_and_grad(log_likelihood)(start, observed)
assert np.isclose(value, log_likelihood(start, observed))
differences = [
    (log_likelihood(start + s, observed) - log_likelihood(start - s, observed)) / 2e-6 for s in 1e-6 * np.eye(3)
]
assert np.allclose(gradient, differences, rtol=1e-5)

both = bp.compile(bp.value_and_grad(lambda theta: -log_likelihood(theta, observed)))
found = minimize(both, start, jac=True, method="BFGS")
assert found.fun < -value
assert np.allclose(found.x, truth, atol=0.8)
