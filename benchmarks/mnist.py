"""How does the gradient of the MNIST network compare with one written by hand?

The network of the Haskell original's benchmark: 784-300-100-10, logistic layers, softmax without subtraction of the
maximum, cross entropy; data uniform at random, rate 0.02. Batch 1 is its benchmark itself; its hand-written gradient is
here line by line. Batch 128 is what a training does; there the hand-written gradient works in place.

Source: backprop 0.2.6.4, bench/bench.hs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours, rivals
from .harness import Case, Variant, by_hand
from .memory import peak_memory
from .targets import ratio

RATE = 0.02
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The lengths of the layers, and the rows of a batch."""

    layers: tuple[int, ...] = (784, 300, 100, 10)
    batch: int = 128


FULL, TINY = Sizes(), Sizes((12, 7, 5, 3), 8)

# The model.


def logistic(xp: Any, z: Any) -> Any:
    return 1 / (1 + xp.exp(-z))


def output(xp: Any, net: Any, x: Any) -> Any:
    """The probabilities of the classes, for one image."""
    w1, b1, w2, b2, w3, b3 = net
    hidden = logistic(xp, w2 @ logistic(xp, w1 @ x + b1) + b2)
    e = xp.exp(w3 @ hidden + b3)
    return e / xp.sum(e)


def loss(xp: Any, net: Any, x: Any, target: Any) -> Any:
    return -(xp.log(output(xp, net, x)) @ target)


def outputs(xp: Any, net: Any, x: Any) -> Any:
    """The probabilities of the classes, an image a row."""
    w1, b1, w2, b2, w3, b3 = net
    hidden = logistic(xp, logistic(xp, x @ w1.T + b1) @ w2.T + b2)
    e = xp.exp(hidden @ w3.T + b3)
    return e / xp.sum(e, 1)[:, None]


def mean_loss(xp: Any, net: Any, x: Any, target: Any) -> Any:
    return -xp.mean(xp.sum(xp.log(outputs(xp, net, x)) * target, 1))


# By hand.


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def hand_run(net: Any, x: Any) -> Any:
    w1, b1, w2, b2, w3, b3 = net
    e = np.exp(w3 @ sigmoid(w2 @ sigmoid(w1 @ x + b1) + b2) + b3)
    return e / e.sum()


def hand_gradient(net: Any, x: Any, target: Any) -> Any:
    w1, b1, w2, b2, w3, b3 = net
    x2 = sigmoid(w1 @ x + b1)
    x3 = sigmoid(w2 @ x2 + b2)
    o0 = np.exp(w3 @ x3 + b3)
    o1 = o0.sum()
    o2 = o0 / o1
    d_o2 = -target / o2
    d_o1 = -(d_o2 @ o0) / o1**2
    d_z3 = (d_o1 + d_o2 / o1) * o0
    d_z2 = (w3.T @ d_z3) * x3 * (1 - x3)
    d_z1 = (w2.T @ d_z2) * x2 * (1 - x2)
    return np.outer(d_z1, x), d_z1, np.outer(d_z2, x2), d_z2, np.outer(d_z3, x3), d_z3


def sigmoid_in_place(z: Any) -> Any:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def hand_runs(net: Any, x: Any) -> Any:
    return hand_layers(net, x)[-1]


def hand_layers(net: Any, x: Any) -> tuple[Any, Any, Any]:
    w1, b1, w2, b2, w3, b3 = net
    x2 = x @ w1.T
    x2 += b1
    x3 = sigmoid_in_place(x2) @ w2.T
    x3 += b2
    e = sigmoid_in_place(x3) @ w3.T
    e += b3
    np.exp(e, out=e)
    e /= e.sum(axis=1, keepdims=True)
    return x2, x3, e


def hand_gradients(net: Any, x: Any, target: Any) -> Any:
    _, _, w2, _, w3, _ = net
    x2, x3, probabilities = hand_layers(net, x)
    d_z3 = probabilities * target.sum(axis=1, keepdims=True)
    d_z3 -= target
    d_z3 /= len(x)
    d_z2 = through_sigmoid(d_z3 @ w3, x3)
    d_z1 = through_sigmoid(d_z2 @ w2, x2)
    return d_z1.T @ x, d_z1.sum(0), d_z2.T @ x2, d_z2.sum(0), d_z3.T @ x3, d_z3.sum(0)


def through_sigmoid(g: Any, y: Any) -> Any:
    """The cotangent of what a sigmoid read, in place of that of its result."""
    slope = 1 - y
    slope *= y
    g *= slope
    return g


def hand_step(gradient: Any, net: Any, x: Any, target: Any) -> Any:
    """The network after a step; the gradient's memory becomes that of the result."""
    moved = []
    for old, g in zip(net, gradient(net, x, target), strict=True):
        g *= RATE
        moved.append(np.subtract(old, g, out=g))
    return tuple(moved)


# Cases.


def data(sizes: Sizes, dtype: str) -> tuple[Any, Any, Any]:
    """A network, a batch, and its targets."""
    rng = np.random.default_rng(11)
    shapes = [shape for m, n in zip(sizes.layers, sizes.layers[1:], strict=False) for shape in ((n, m), (n,))]
    net = tuple(rng.uniform(-0.5, 0.5, shape).astype(dtype) for shape in shapes)
    rows = [rng.uniform(size=(sizes.batch, n)).astype(dtype) for n in (sizes.layers[0], sizes.layers[-1])]
    return net, rows[0], rows[1]


def stepped(gradient: Any, net: Any, x: Any, target: Any) -> Any:
    """The network after a step, by a gradient of this project."""
    return tuple(old - RATE * g for old, g in zip(net, gradient(net, x, target), strict=True))


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Batch 1 and the large batch, in both precisions: gradient, full step, run only."""
    for dtype in ("float64", "float32"):
        net, x, target = data(sizes, dtype)
        yield gradient_of_one(dtype, net, x[0].copy(), target[0].copy(), with_rivals)
        yield step_of_one(dtype, net, x[0].copy(), target[0].copy())
        yield run_of_one(dtype, net, x[0].copy())
        yield gradient_of_batch(dtype, net, x, target, with_rivals)
        yield step_of_batch(dtype, net, x, target)
        yield run_of_batch(dtype, net, x)


def gradient_of_one(dtype: str, net: Any, x: Any, target: Any, with_rivals: bool) -> Case:
    gradient = bp.grad(partial(loss, np))
    variants = {
        "by hand": by_hand(hand_gradient, net, x, target),
        "compiled": ours.compiled(gradient, net, x, target),
        "auto": ours.compiled(gradient, net, x, target, executor=ours.AUTO),
        "uncompiled": Variant(lambda: gradient(net, x, target)),
        **(rivals.gradients(loss, net, x, target) if with_rivals else {}),
    }
    targets = (
        ratio("compiled / by hand", "compiled", "by hand", 0.45 if dtype == "float64" else 0.30),
        ratio("uncompiled / by hand", "uncompiled", "by hand", 1.5),
        ratio("auto / serial", "auto", "compiled", 1.05),
        ours.prediction("compiled", gradient, net, x, target),
    )
    return Case(f"mnist gradient, batch 1, {dtype}", variants, "by hand", targets, TOLERANCE[dtype])


def step_of_one(dtype: str, net: Any, x: Any, target: Any) -> Case:
    step = partial(stepped, bp.grad(partial(loss, np)))
    variants = {
        "by hand": by_hand(hand_step, hand_gradient, net, x, target),
        "compiled": ours.compiled(step, net, x, target),
    }
    targets = (ratio("compiled / by hand", "compiled", "by hand", 0.6),)
    return Case(f"mnist full step, batch 1, {dtype}", variants, "by hand", targets, TOLERANCE[dtype])


def run_of_one(dtype: str, net: Any, x: Any) -> Case:
    variants = {"by hand": by_hand(hand_run, net, x), "compiled": ours.compiled(partial(output, np), net, x)}
    targets = (ratio("compiled / by hand", "compiled", "by hand", 1.0),)
    return Case(f"mnist run only, batch 1, {dtype}", variants, "by hand", targets, TOLERANCE[dtype])


def gradient_of_batch(dtype: str, net: Any, x: Any, target: Any, with_rivals: bool) -> Case:
    whole = bp.grad(partial(mean_loss, np))
    sharded = bp.grad(bp.minibatch(partial(mean_loss, np), (1, 2), shards=2))
    variants = {
        "by hand": by_hand(hand_gradients, net, x, target),
        "compiled": ours.compiled(whole, net, x, target),
        "uncompiled": Variant(lambda: whole(net, x, target)),
        **ours.executors(sharded, net, x, target),
        **(rivals.gradients(mean_loss, net, x, target) if with_rivals else {}),
    }
    targets = (
        ratio("2 shards on 2 threads / by hand", "threads", "by hand", 0.60 if dtype == "float64" else 0.65),
        ratio("compiled / by hand", "compiled", "by hand", 0.90),
        ours.prediction("compiled", whole, net, x, target),
        *ours.common_targets(sharded, net, x, target),
    )
    name = f"mnist gradient, batch {len(x)}, {dtype}"
    memory = partial(peak_memory, "mnist", name, "compiled")
    return Case(name, variants, "by hand", targets, TOLERANCE[dtype], memory)


def step_of_batch(dtype: str, net: Any, x: Any, target: Any) -> Case:
    step = partial(stepped, bp.grad(bp.minibatch(partial(mean_loss, np), (1, 2), shards=2)))
    variants = {
        "by hand": by_hand(hand_step, hand_gradients, net, x, target),
        **ours.executors(step, net, x, target),
    }
    targets = (
        ratio("2 shards on 2 threads / by hand", "threads", "by hand", None),
        *ours.common_targets(step, net, x, target),
    )
    return Case(f"mnist full step, batch {len(x)}, {dtype}", variants, "by hand", targets, TOLERANCE[dtype])


def run_of_batch(dtype: str, net: Any, x: Any) -> Case:
    variants = {"by hand": by_hand(hand_runs, net, x), "compiled": ours.compiled(partial(outputs, np), net, x)}
    targets = (ratio("compiled / by hand", "compiled", "by hand", None),)
    return Case(f"mnist run only, batch {len(x)}, {dtype}", variants, "by hand", targets, TOLERANCE[dtype])
