"""Records: parameters as dataclasses, methods and all; the gradient is of the same class.

Model(layers=(Layer(w, b), Layer(w, b)), scale) --> loss --> Model of gradients
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import backprop as bp


@dataclass(frozen=True)
class Layer:
    w: Any
    b: Any

    def __call__(self, x):
        return np.tanh(self.w @ x + self.b)


@dataclass(frozen=True)
class Model:
    layers: tuple[Layer, ...]
    scale: Any

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.scale * x


def loss(model, x):
    return np.sum(model(x) ** 2)


rng = np.random.default_rng(0)
model = Model((Layer(rng.normal(size=(4, 3)), np.zeros(4)), Layer(rng.normal(size=(2, 4)), np.zeros(2))), 1.5)
gradient = bp.grad(loss)(model, np.array([0.1, -0.2, 0.3]))

assert isinstance(gradient, Model)
assert isinstance(gradient.layers[1], Layer)
assert gradient.layers[0].w.shape == (4, 3)
value = loss(model, np.array([0.1, -0.2, 0.3]))
assert np.isclose(gradient.scale, 2 * value / model.scale)
