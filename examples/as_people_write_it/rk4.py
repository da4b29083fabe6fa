"""Parameters of an ordinary differential equation, as people write it: classical Runge-Kutta, the path in place."""

import numpy as np
from scipy.optimize import least_squares

import backprop as bp

TIMES = np.linspace(0, 3, 31)


def lotka_volterra(y, p):
    prey, hunters = y
    return np.array([p[0] * prey - p[1] * prey * hunters, p[2] * prey * hunters - p[3] * hunters])


def rk4(f, y0, times, p):
    path = np.empty_like(p, shape=(len(times), len(y0)))
    path[0] = y0
    for k in range(len(times) - 1):
        h, y = times[k + 1] - times[k], path[k]
        k1 = f(y, p)
        k2 = f(y + h / 2 * k1, p)
        k3 = f(y + h / 2 * k2, p)
        k4 = f(y + h * k3, p)
        path[k + 1] = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return path


def residuals(p, seen):
    return (rk4(lotka_volterra, [1.0, 0.5], TIMES, p)[::3] - seen).ravel()


truth = np.array([1.1, 0.9, 0.8, 1.2])
seen = rk4(lotka_volterra, [1.0, 0.5], TIMES, truth)[::3]
assert type(seen) is np.ndarray

start = np.array([1.0, 1.0, 1.0, 1.0])
jacobian = bp.compile(bp.jacobian(residuals))
columns = [(residuals(start + s, seen) - residuals(start - s, seen)) / 2e-6 for s in 1e-6 * np.eye(4)]
assert np.allclose(jacobian(start, seen), np.transpose(columns), atol=1e-7)

found = least_squares(residuals, start, jac=jacobian, args=(seen,))
assert np.allclose(found.x, truth, atol=1e-6)
