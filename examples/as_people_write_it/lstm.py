"""An LSTM, as people write it: gates in slices of one array, hidden states stored in place, and it learns to add."""

import numpy as np

import backprop as bp

HIDDEN, LENGTH, BATCH = 8, 6, 16


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def states(p, x):
    batch, length, _ = x.shape
    h, c = np.zeros((batch, HIDDEN)), np.zeros((batch, HIDDEN))
    hidden = np.zeros_like(p["out"], shape=(batch, length, HIDDEN))
    for t in range(length):
        gates = np.concatenate([x[:, t], h], axis=1) @ p["w"] + p["b"]
        gates[:, : 3 * HIDDEN] = sigmoid(gates[:, : 3 * HIDDEN])
        forget, enter, leave, new = np.split(gates, 4, axis=1)
        c = forget * c + enter * np.tanh(new)
        h = leave * np.tanh(c)
        hidden[:, t] = h
    return hidden


def loss(p, x, y):
    return np.mean((states(p, x)[:, -1] @ p["out"] - y) ** 2)


rng = np.random.default_rng(3)
params = {
    "w": 0.4 * rng.normal(size=(1 + HIDDEN, 4 * HIDDEN)),
    "b": np.zeros(4 * HIDDEN),
    "out": 0.4 * rng.normal(size=HIDDEN),
}
x = rng.uniform(-1, 1, (BATCH, LENGTH, 1))
y = x.sum(axis=(1, 2)) / LENGTH

step = bp.compile(bp.value_and_grad(loss))
first, gradient = step(params, x, y)
assert np.isclose(first, loss(params, x, y))

moved = {**params, "w": params["w"].copy()}
moved["w"][0, 0] += 1e-6
assert np.isclose((loss(moved, x, y) - first) / 1e-6, gradient["w"][0, 0], rtol=1e-4)

for _ in range(150):
    value, gradient = step(params, x, y)
    for name in params:
        params[name] = params[name] - 0.5 * gradient[name]
assert loss(params, x, y) < 0.2 * first
