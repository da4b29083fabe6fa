"""Calibration of an equation, as people write it: solve_ivp inside of a least squares, and its gradient."""

import numpy as np
from scipy.optimize import minimize

import backprop as bp
from backprop.scipy.integrate import solve_ivp

rng = np.random.default_rng(5)
days = np.linspace(0, 30, 16)


def epidemic(t, y, infection, recovery):
    susceptible, infected, _ = y
    new, healed = infection * susceptible * infected, recovery * infected
    return [-new, new - healed, healed]


def infected(p):
    start = [1 - p[2], p[2], 0.0]
    found = solve_ivp(epidemic, (0, 30), start, t_eval=days, args=(p[0], p[1]), rtol=1e-9, atol=1e-11)
    return found.y[1]


truth = np.array([0.9, 0.25, 0.01])
seen = infected(truth) + 0.002 * rng.normal(size=days.size)


def misfit(p):
    return np.sum((infected(p) - seen) ** 2)


start = np.array([0.7, 0.4, 0.02])
value, slope = bp.value_and_grad(misfit)(start)
assert np.isclose(value, misfit(start), rtol=1e-6)
for k in range(3):
    step = 1e-4 * np.eye(3)[k]
    assert np.isclose((misfit(start + step) - misfit(start - step)) / 2e-4, slope[k], rtol=1e-4)

found = minimize(bp.compile(bp.value_and_grad(misfit)), start, jac=True, bounds=[(0, 2), (0, 1), (1e-4, 0.1)])
assert found.success
assert np.allclose(found.x, truth, rtol=0.1)
assert misfit(found.x) < misfit(truth)
