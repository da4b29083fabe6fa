"""A Poisson regression with pandas, as people write it: categories, masks, an offset, and columns beside weights."""

import numpy as np
import pandas as pd
from scipy.optimize import minimize

import backprop as bp

rng = np.random.default_rng(0)
frame = pd.DataFrame({"age": rng.uniform(20, 70, 400), "city": rng.choice(["A", "B", "C"], 400)})
frame["exposure"] = rng.uniform(0.5, 2.0, 400)
effects = {"A": 0.0, "B": 0.4, "C": -0.3}
rate = np.exp(0.5 + 0.02 * (frame["age"] - 45) + frame["city"].map(effects)) * frame["exposure"]
frame["count"] = rng.poisson(rate)
frame["code"] = frame["city"].astype("category").cat.codes


def negative_log_likelihood(weights, frame):
    slope, cities = weights[0], weights[1:]
    codes = frame["code"].to_numpy()
    total = 0.0
    for code in np.unique(codes):
        rows = frame[codes == code]
        log_rate = (rows["age"] - 45) * slope + cities[code] + np.log(rows["exposure"])
        total = total + np.sum(np.exp(log_rate) - rows["count"] * log_rate)
    return total + 0.01 * np.sum(weights**2)


start = np.zeros(4)
plain = negative_log_likelihood(start, frame)
value, gradient = bp.value_and_grad(negative_log_likelihood)(start, frame)
assert np.isclose(value, plain)

steps = 1e-6 * np.eye(4)
differences = [
    (negative_log_likelihood(start + s, frame) - negative_log_likelihood(start - s, frame)) / 2e-6 for s in steps
]
assert np.allclose(gradient, differences, rtol=1e-5)

found = minimize(lambda w: bp.value_and_grad(negative_log_likelihood)(w, frame), start, jac=True, method="BFGS")
hessian = bp.hessian(lambda w: negative_log_likelihood(w, frame))(found.x)
errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
truth = np.array([0.02, 0.5, 0.9, 0.2])
assert np.all(np.abs(found.x - truth) < 4 * errors)
