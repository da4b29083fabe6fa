"""A root inside of a loss, as people write it: prices are where supply meets demand; what was seen fits the curves."""

import numpy as np
from scipy.optimize import least_squares

import backprop as bp
from backprop.scipy import optimize

rng = np.random.default_rng(3)


def excess(price, p, income):
    """Demand less supply at a price."""
    return income * np.exp(-p[0] * price) - p[1] * price ** p[2]


def price_of(p, income):
    return optimize.brentq(excess, 1e-6, 50.0, args=(p, income), xtol=1e-13)


def prices(p, incomes):
    return np.array([price_of(p, income) for income in incomes])


def by_newton(p, income):
    price = 1.0
    for _ in range(50):
        change = excess(price, p, income) / bp.grad(excess)(price, p, income)
        price = price - change
        if abs(change) < 1e-12:
            break
    return price


truth = np.array([0.3, 0.8, 1.4])
incomes = np.linspace(1, 8, 20)
seen = prices(truth, incomes) + 0.001 * rng.normal(size=20)
start = np.array([0.5, 0.5, 1.0])


def residuals(p):
    return prices(p, incomes) - seen


jacobian = bp.jacobian(residuals)
columns = [(residuals(start + s) - residuals(start - s)) / 2e-6 for s in 1e-6 * np.eye(3)]
assert np.allclose(jacobian(start), np.transpose(columns), rtol=1e-4, atol=1e-7)

# The derivative of a root does not depend on how it was found; nor does the second one.
gradients = [bp.grad(f)(start, 3.0) for f in (price_of, by_newton)]
assert np.allclose(*gradients, rtol=1e-8)
assert np.allclose(*[bp.hessian(f)(start, 3.0) for f in (price_of, by_newton)], rtol=1e-6)

found = least_squares(residuals, start, jac=jacobian)
assert np.allclose(found.x, truth, atol=0.1)
assert np.max(np.abs(prices(found.x, incomes) - seen)) < 0.005
