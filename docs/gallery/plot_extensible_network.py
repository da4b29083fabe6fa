"""
An extensible network: a recursive sum type
===========================================

What a network is made of is a type with several constructors, some of which hold networks themselves. ``match`` takes
it apart, in plain Python; the gradient has the constructors of the network. A new kind of layer is a new class and a
new ``case``, and nothing else changes: neither the training, nor the gradient.
"""

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import backprop as bp

# %%
# The type
# --------


@dataclass(frozen=True)
class Dense:
    w: Any
    b: Any


@dataclass(frozen=True)
class Residual:
    inner: Any


@dataclass(frozen=True)
class Chain:
    layers: tuple[Any, ...]


@dataclass(frozen=True)
class Gated:
    """Added later: two networks, and one that says which of them counts, and how much."""

    gate: Any
    yes: Any
    no: Any


def run(net, x):
    """What a network makes of rows."""
    match net:
        case Dense(w, b):
            return np.tanh(x @ w + b)
        case Residual(inner):
            return x + run(inner, x)
        case Chain(layers):
            for layer in layers:
                x = run(layer, x)
            return x
        case Gated(gate, yes, no):
            share = 0.5 + 0.5 * run(gate, x)
            return share * run(yes, x) + (1 - share) * run(no, x)


# %%
# Two spirals
# -----------

rng = np.random.default_rng(0)


def dense(n, m):
    return Dense(rng.normal(size=(n, m)) / np.sqrt(n), np.zeros(m))


turns = np.sqrt(rng.uniform(0.03, 1, size=600)) * 2 * np.pi
labels = np.arange(600) % 2 * 2.0 - 1
points = np.stack([turns * np.cos(turns) * labels, turns * np.sin(turns) * labels], axis=1) / 4
points += 0.04 * rng.normal(size=points.shape)

network = Chain(
    (
        dense(2, 24),
        Residual(dense(24, 24)),
        Gated(dense(24, 24), dense(24, 24), Residual(Chain((dense(24, 24), dense(24, 24))))),
        dense(24, 1),
    )
)


def loss(net, x, y):
    return np.mean((run(net, x)[:, 0] - y) ** 2)


step = bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2), shards=2)), executor=bp.Threads(2))

# %%
# Training
# --------
#
# By Adam, on all leaves of the network at once: ``bp.tree_map`` goes through networks and gradients side by side.

first = slow = bp.tree_map(np.zeros_like, network)
history = []
for t in range(1, 301):
    value, slope = step(network, points, labels)
    history.append(value)
    first = bp.tree_map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
    slow = bp.tree_map(lambda v, g: 0.99 * v + 0.01 * g * g, slow, slope)
    rate = 0.01 * np.sqrt(1 - 0.99**t) / (1 - 0.9**t)
    network = bp.tree_map(lambda p, m, v, r=rate: p - r * m / (np.sqrt(v) + 1e-8), network, first, slow)

right = np.mean(np.sign(run(network, points)[:, 0]) == labels)
print(f"loss {history[0]:.2f} -> {history[-1]:.3f}; {right:.1%} of the points on the right side")
assert right > 0.97
assert isinstance(slope.layers[2], Gated)  # the gradient is a network

# %%
# What it has learnt
# ------------------

y, x = np.mgrid[-1.8:1.8:150j, -1.8:1.8:150j]
plane = run(network, np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)
figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.8))
axes[0].semilogy(history)
axes[0].set(xlabel="step", title="loss")
axes[1].pcolormesh(x, y, plane, cmap="RdBu", vmin=-1.5, vmax=1.5, shading="auto")
axes[1].scatter(*points.T, c=labels, cmap="RdBu", s=6, edgecolors="k", linewidths=0.3)
axes[1].set(title="the sign of the network, and the points", aspect="equal")
figure.tight_layout()
