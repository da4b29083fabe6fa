"""A small network on two moons, trained by shards of a batch.

       +--> loss of shard 0 --+
net ---+--> loss of shard 1 --+--> fixed tree of sums --> mean loss
       +--> loss of shard 2 --+
       +--> loss of shard 3 --+
"""

from __future__ import annotations

import numpy as np

import backprop as bp

rng = np.random.default_rng(1)


def loss(net, x, y):
    hidden = np.tanh(x @ net["w1"] + net["b1"])
    score = hidden @ net["w2"]
    return np.mean(np.logaddexp(0.0, -y * score))


def moons(n):
    angle, y = rng.uniform(0, np.pi, n), np.repeat([1.0, -1.0], n // 2)
    x = np.stack([np.cos(angle) * y + (y < 0), np.sin(angle) * y + 0.5 * (y < 0)], axis=1)
    return x + 0.1 * rng.normal(size=x.shape), y


x, y = moons(400)
net = {"w1": rng.normal(size=(2, 16)), "b1": np.zeros(16), "w2": rng.normal(size=16) / 4}
step = bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2), shards=4)), executor=bp.Threads(2))

first, gradient = step(net, x, y)
assert np.allclose(gradient["w1"], bp.grad(loss)(net, x, y)["w1"])  # the same as without shards

for _ in range(500):
    value, gradient = step(net, x, y)
    net = {name: net[name] - 0.5 * gradient[name] for name in net}

assert value < first / 8
assert step.traces == 1  # traced once, replayed 500 times
assert np.mean((np.tanh(x @ net["w1"] + net["b1"]) @ net["w2"] > 0) == (y > 0)) > 0.95
