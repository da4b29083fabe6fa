"""A hierarchical model, as people write it: schools with means of their own, drawn from one of them all.

The joint log density takes a dictionary of parameters; its mode and the curvature there give Laplace's approximation.
"""

import numpy as np
from scipy.optimize import minimize

import backprop as bp
from backprop.scipy import stats

rng = np.random.default_rng(1)
SCHOOLS = 12


def log_joint(p, school, score):
    spread, noise = np.exp(p["log_spread"]), np.exp(p["log_noise"])
    total = stats.norm.logpdf(p["mean"], 50, 20) + stats.expon.logpdf(spread, scale=10) + p["log_spread"]
    total += np.sum(stats.norm.logpdf(p["effects"]))
    means = p["mean"] + spread * p["effects"]
    for k in np.unique(school):
        mine = score[school == k]
        total += np.sum(stats.norm.logpdf(mine, means[k], noise))
    return total


truth = rng.normal(60, 8, SCHOOLS)
school = rng.integers(0, SCHOOLS, 300)
score = rng.normal(truth[school], 5)
start = {"mean": 50.0, "log_spread": 1.0, "log_noise": 2.0, "effects": np.zeros(SCHOOLS)}

gradient = bp.grad(log_joint)(start, school, score)
moved = {**start, "effects": start["effects"] + 1e-6 * np.eye(SCHOOLS)[3]}
slope = (log_joint(moved, school, score) - log_joint(start, school, score)) / 1e-6
assert np.isclose(gradient["effects"][3], slope, rtol=1e-3)

flat, unravel = bp.ravel(start)


def objective(vector):
    return -log_joint(unravel(vector), school, score)


found = minimize(bp.compile(bp.value_and_grad(objective)), flat, jac=True, method="BFGS", options={"gtol": 1e-4})
mode = unravel(found.x)
estimates = mode["mean"] + np.exp(mode["log_spread"]) * mode["effects"]
assert np.corrcoef(estimates, truth)[0, 1] > 0.95
assert np.isclose(np.exp(mode["log_noise"]), 5, atol=1)

deviations = np.sqrt(np.diag(np.linalg.inv(bp.hessian(objective)(found.x))))
assert np.all(deviations > 0)
assert abs(mode["mean"] - truth.mean()) < 4 * unravel(deviations)["mean"] + 4
