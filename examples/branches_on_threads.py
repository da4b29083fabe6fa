"""Branches on threads: unlike pieces that do not need each other run at the same time, forward and in reverse.

     +--> eigenvalues of a --> sum of exp --+
p ---+--> solve with b -------> norm -------+--> add --> value
     +--> powers -------------> sum --------+
"""

from __future__ import annotations

import numpy as np

import backprop as bp

rng = np.random.default_rng(0)
a, b = rng.normal(size=(60, 60)), rng.normal(size=(60, 60)) + 60 * np.eye(60)


def spectrum(p):
    return np.sum(np.exp(np.linalg.eigvalsh(a + a.T + p[0] * np.eye(60)) / 60))


def response(p):
    return np.sum(np.linalg.solve(b, np.sin(p[1] * np.arange(60.0))) ** 2)


def series(p):
    return np.sum(p[2] ** np.arange(1.0, 20.0))


def total(p):
    return spectrum(p) + response(p) + series(p)


p = np.array([0.5, 0.25, 0.75])
serial = bp.grad(total, executor=bp.Serial())(p)
threads = bp.grad(total, executor=bp.Threads(2))(p)

assert np.array_equal(serial, threads)  # to the bit: the order of additions is in the graph
step = np.array([1e-6, 0.0, 0.0])
assert np.isclose(serial[0], (total(p + step) - total(p - step)) / 2e-6, rtol=1e-5)
