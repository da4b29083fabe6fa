"""A sum type: `match` in a traced function, and a gradient with the same constructors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import backprop as bp


@dataclass(frozen=True)
class Dense:
    w: Any
    b: Any


@dataclass(frozen=True)
class Residual:
    inner: Any


@dataclass(frozen=True)
class Chain:
    first: Any
    rest: Any


def run(layer: Dense | Residual | Chain, x: Any) -> Any:
    """What a layer makes of x."""
    match layer:
        case Dense(w, b):
            return np.tanh(w @ x + b)
        case Residual(inner):
            return x + run(inner, x)
        case Chain(first, rest):
            return run(rest, run(first, x))


def main() -> None:
    """Match again on the gradient."""
    rng = np.random.default_rng(0)
    layer = Dense(rng.normal(size=(3, 3)), np.zeros(3))
    network = Chain(Residual(layer), Chain(layer, Residual(layer)))
    gradient = bp.grad(lambda net, x: np.sum(run(net, x)))(network, np.ones(3))
    match gradient:
        case Chain(Residual(Dense(w, _)), Chain(Dense(), Residual(Dense()))):
            print(w)
            assert w.shape == (3, 3)
        case _:
            raise AssertionError(gradient)


if __name__ == "__main__":
    main()
