"""Least squares with a line for each subject, as people write it: labels, masks, and `np.unique` on the data."""

import numpy as np
from scipy.optimize import least_squares

import backprop as bp

rng = np.random.default_rng(1)
SUBJECTS = 5
subject = rng.integers(0, SUBJECTS, 120)
time = rng.uniform(0, 4, 120)
amplitudes, rate = rng.uniform(1, 3, SUBJECTS), 0.7
response = amplitudes[subject] * np.exp(-rate * time) + 0.02 * rng.normal(size=120)


def residuals(p, subject, time, response):
    predicted = np.empty_like(p, shape=len(time))
    for k in np.unique(subject):
        here = subject == k
        predicted[here] = p[k] * np.exp(-p[-1] * time[here])
    out = predicted - response
    out[np.abs(out) < 1e-12] = 0
    return out


def loss(p, *data):
    mean_by_subject = np.bincount(data[0], weights=residuals(p, *data) ** 2) / np.bincount(data[0])
    return np.sum(mean_by_subject)


data = (subject, time, response)
start = np.ones(SUBJECTS + 1)
jacobian = bp.compile(bp.jacobian(residuals))
steps = 1e-6 * np.eye(len(start))
columns = [(residuals(start + s, *data) - residuals(start - s, *data)) / 2e-6 for s in steps]
assert np.allclose(jacobian(start, *data), np.transpose(columns), atol=1e-8)

found = least_squares(residuals, start, jac=jacobian, args=data)
assert np.allclose(found.x, [*amplitudes, rate], atol=0.05)
assert jacobian.traces == 1

gradient = bp.grad(loss)(found.x, *data)
differences = [(loss(found.x + s, *data) - loss(found.x - s, *data)) / 2e-6 for s in steps]
assert np.allclose(gradient, differences, atol=1e-8)
