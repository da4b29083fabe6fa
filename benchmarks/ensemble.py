"""Do the members of an ensemble run side by side? Eight recurrent nets, hidden 128, 50 steps, batch 64.

Eight unlike nets read the same series, each predicts the next row at every step, and the loss is the sum of their mean
squared errors. A net is a chain, so that all parallelism is between nets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours, rivals
from .harness import Case, by_hand
from .memory import peak_memory
from .targets import ratio, ratio_to_best


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many nets; hidden units, series read at a time, steps, rows of the batch."""

    nets: int = 8
    hidden: int = 128
    inputs: int = 16
    steps: int = 50
    batch: int = 64


FULL, TINY = Sizes(), Sizes(3, 5, 2, 4, 3)
NAME = "ensemble of recurrent nets"


def net_loss(xp: Any, net: Any, series: Any) -> Any:
    """The mean squared error of one net, its steps unrolled."""
    wx, wh, b, wo = net
    steps = len(series) - 1
    h = xp.tanh(series[0] @ wx + b)
    total = xp.mean((h @ wo - series[1]) ** 2)
    for t in range(1, steps):
        h = xp.tanh(series[t] @ wx + h @ wh + b)
        total = total + xp.mean((h @ wo - series[t + 1]) ** 2)
    return total / steps


def loss(xp: Any, nets: Any, series: Any) -> Any:
    return sum(net_loss(xp, net, series) for net in nets)


def scanned_loss(jnp: Any, nets: Any, series: Any) -> Any:
    """The same for JAX, with its own loop in place of the unrolled one, which takes it minutes to compile."""
    return sum(scanned_net(jnp, net, series) for net in nets)


def scanned_net(jnp: Any, net: Any, series: Any) -> Any:
    wx, wh, b, wo = net

    def step(h: Any, rows: Any) -> Any:
        h = jnp.tanh(rows[0] @ wx + h @ wh + b)
        return h, jnp.mean((h @ wo - rows[1]) ** 2)

    start = jnp.zeros((series.shape[1], wh.shape[0]), series.dtype)
    return jnp.mean(rivals.module("jax").lax.scan(step, start, (series[:-1], series[1:]))[1])


# By hand.


def hand_gradient(nets: Any, series: Any) -> Any:
    return tuple(hand_net(net, series) for net in nets)


def hand_net(net: Any, series: Any) -> Any:
    """Back through time, the sums over time as one product each."""
    wx, wh, b, wo = net
    steps, rows, inputs = len(series) - 1, series.shape[1], series.shape[2]
    given = series[:-1].reshape(-1, inputs)
    h = (given @ wx).reshape(steps, rows, -1)
    h += b
    np.tanh(h[0], out=h[0])
    for t in range(1, steps):
        h[t] += h[t - 1] @ wh
        np.tanh(h[t], out=h[t])
    flat = h.reshape(steps * rows, -1)
    error = flat @ wo
    error -= series[1:].reshape(-1, inputs)
    error *= 2 / (steps * rows * inputs)
    slope = 1 - flat * flat
    d = error @ wo.T
    d = d.reshape(h.shape)
    slope = slope.reshape(h.shape)
    d[-1] *= slope[-1]
    for t in range(steps - 2, -1, -1):
        d[t] += d[t + 1] @ wh.T
        d[t] *= slope[t]
    ds = d.reshape(flat.shape)
    return given.T @ ds, flat[:-rows].T @ ds[rows:], ds.sum(0), flat.T @ error


# Cases.


def data(sizes: Sizes) -> tuple[Any, Any]:
    """The nets, and the series (step, row, input)."""
    rng = np.random.default_rng(5)
    n, k = sizes.hidden, sizes.inputs
    shapes = ((k, n), (n, n), (n,), (n, k))
    nets = tuple(tuple(rng.normal(size=shape) / np.sqrt(n) for shape in shapes) for _ in range(sizes.nets))
    return nets, rng.normal(size=(sizes.steps + 1, sizes.batch, k))


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The gradient of the whole ensemble."""
    nets, series = data(sizes)
    gradient = bp.grad(partial(loss, np))
    variants = {
        "by hand": by_hand(hand_gradient, nets, series),
        **ours.executors(gradient, nets, series),
        **(rival_variants(nets, series) if with_rivals else {}),
    }
    targets = (
        ratio("threads / serial", "threads", "serial", 0.55),
        ratio_to_best("threads / the best of JAX and torch", "threads", ("jax", "torch"), 0.62, some=True),
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, nets, series),
    )
    yield Case(NAME, variants, "by hand", targets, 1e-9, partial(peak_memory, "ensemble", NAME))


def rival_variants(nets: Any, series: Any) -> dict[str, Any]:
    unrolled = rivals.gradients(loss, nets, series, skip=("jax",))
    return {**unrolled, **rivals.gradients(scanned_loss, nets, series, skip=("autograd", "torch"))}
