"""One function of a float, a matrix, a dict, a dataclass tree, a sum type, a sparse matrix and a user's type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import backprop as bp
from backprop.graph.tracing.structures.structure import flatten, unflatten
from backprop.scheduler.executors.base import AbstractExecutor
from tests.sparse_arrays import random_sparse

# A tree of records.


@dataclass(frozen=True)
class Layer:
    weights: Any
    bias: Any

    def __call__(self, x: Any) -> Any:
        return np.tanh(self.weights @ x + self.bias)


@dataclass(frozen=True)
class Model:
    layers: list[Layer]
    scale: Any
    name: str = "model"


# A sum type, which is recursive.


@dataclass(frozen=True)
class Circle:
    radius: Any


@dataclass(frozen=True)
class Box:
    sides: Any


@dataclass(frozen=True)
class Both:
    left: Any
    right: Any


def area(shape: Any) -> Any:
    match shape:
        case Circle(radius):
            return np.pi * radius**2
        case Box((a, b)):
            return a * b
        case Both(left, Both() as right):
            return area(left) * np.sqrt(area(right))
        case Both(left, right):
            return area(left) + area(right) ** 2
    raise AssertionError(shape)


# A type of the user's, with ops that take long enough to be tasks of their own.


class Signal:
    def __init__(self, samples: Any) -> None:
        self.samples = np.asarray(samples)


def zeros_like(s: Signal) -> Signal:
    return Signal(np.zeros_like(s.samples))


def add(s: Signal, t: Signal) -> Signal:
    return Signal(s.samples + t.samples)


bp.register(Signal, zeros_like=zeros_like, add=add)


def _samples(s: Signal, gain: Any) -> Any:
    return gain * s.samples


def _scaled(x: Any, gain: Any) -> Signal:
    return Signal(gain * x)


samples = bp.op(_samples, name="samples", infer=lambda s, gain: bp.ArrayType(3), seconds=0.1)
scaled = bp.op(_scaled, name="scaled", seconds=0.1)
samples.defvjp(lambda g, out, s, gain: (scaled(g, gain), np.sum(g * samples(s, 1.0))))
scaled.defvjp(lambda g, out, x, gain: (samples(g, gain), np.sum(x * samples(g, 1.0))))


def loss(t: Any, m: Any, d: Any, model: Any, shape: Any, a: Any, s: Any) -> Any:
    x = np.tanh(m @ d["x"]) * t
    y = a @ x + d["y"][0]
    hidden = y
    for layer in model.layers:
        hidden = layer(hidden)
    first, second = np.sin(samples(s, t)) * y, samples(s, 2.0) ** 2
    return np.sum(first**2) * area(shape) + model.scale * np.sum(hidden) + np.sum(a.T @ (first * second))


RNG = np.random.default_rng(5)
ARGS = (
    1.5,
    RNG.normal(size=(4, 2)),
    {"x": RNG.normal(size=2), "y": [RNG.normal(size=3), None], "n": 3},
    Model([Layer(RNG.normal(size=(2, 3)), 0.1), Layer(RNG.normal(size=(4, 2)), RNG.normal(size=4))], 0.7),
    Both(Circle(0.8), Both(Box((1.2, 0.7)), Circle(0.5))),
    sp.csr_array(random_sparse(RNG, (3, 4), density=0.6)),
    Signal(RNG.normal(size=3)),
)
ALL = tuple(range(len(ARGS)))
GRADIENT = bp.grad(loss, argnums=ALL)


def each(leaf: Any, f: Any, *others: Any) -> Any:
    """A function of numbers and arrays, of such leaves and of signals."""
    return Signal(each(leaf.samples, f, *(s.samples for s in others))) if isinstance(leaf, Signal) else f(leaf, *others)


LEAVES, STRUCTURE = flatten(ARGS)
EVERYWHERE = [each(x, lambda x: RNG.normal(size=np.shape(x))) for x in LEAVES]


def moved(direction: list[Any], step: float) -> Any:
    """The arguments, a step in a direction."""
    return unflatten(STRUCTURE, [each(x, lambda x, v: x + step * v, v) for x, v in zip(LEAVES, direction, strict=True)])


def only(k: int) -> list[Any]:
    """A direction that moves one leaf of the arguments."""
    return [v if i == k else each(v, np.zeros_like) for i, v in enumerate(EVERYWHERE)]


def inner(gradient: Any, direction: list[Any]) -> Any:
    leaves = flatten(gradient)[0]
    plain = [samples(g, 1.0) if isinstance(v, Signal) else g for g, v in zip(leaves, direction, strict=True)]
    return sum(np.sum(g * getattr(v, "samples", v)) for g, v in zip(plain, direction, strict=True))


def along(f: Any, direction: list[Any]) -> Any:
    """The derivative of a function of the step, by differences of fourth order."""
    h = 1e-4
    values = [np.asarray(f(moved(direction, k * h))) for k in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)


def numbers(tree: Any) -> list[float]:
    leaves = [getattr(leaf, "samples", leaf) for leaf in flatten(tree)[0]]
    return [x for leaf in leaves for x in np.ravel(leaf).tolist()]


def test_the_gradient_has_the_structure_of_the_arguments() -> None:
    gradient = GRADIENT(*ARGS)
    assert [type(g) for g in gradient] == [type(x) for x in ARGS]
    t, m, d, model, shape, a, s = gradient
    assert (type(t), m.shape, d["n"], d["y"][1], model.name) == (float, (4, 2), None, None, None)
    assert [type(layer) for layer in model.layers] == [Layer, Layer]
    assert type(model.layers[0].bias) is float
    assert (type(shape.left), type(shape.right), type(shape.right.left)) == (Circle, Both, Box)
    assert a.indices.tolist() == ARGS[5].indices.tolist()
    assert s.samples.shape == (3,)


def test_it_is_that_of_finite_differences() -> None:
    gradient = GRADIENT(*ARGS)
    for direction in map(only, range(len(LEAVES))):
        found = inner(gradient, direction)
        assert abs(found) > 1e-3
        assert found == pytest.approx(along(lambda args: loss(*args), direction), rel=1e-7)


@pytest.mark.parametrize("k", range(len(LEAVES)))
def test_it_is_differentiable_again(k: int) -> None:
    """Forward over reverse and reverse over reverse, against differences of the gradient."""
    direction = only(k)
    expected = along(lambda args: numbers(GRADIENT(*args)), direction)
    _, forward = bp.jvp(GRADIENT, ARGS, unflatten(STRUCTURE, direction, lambda value: None))
    reverse = bp.grad(lambda *args: inner(GRADIENT(*args), direction), argnums=ALL)(*ARGS)
    np.testing.assert_allclose(numbers(forward), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(numbers(reverse), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("shape", [Circle(0.5), Box((1.0, 2.0)), Both(Box((1.0, 2.0)), Circle(1.0))])
def test_the_gradient_carries_the_constructor(shape: Any) -> None:
    args = (*ARGS[:4], shape, *ARGS[5:])
    gradient = bp.grad(loss, argnums=4)(*args)
    assert type(gradient) is type(shape)
    bp.testing.check_grads(lambda shape: loss(*ARGS[:4], shape, *ARGS[5:]), (shape,))


# Bits.


def second(*args: Any) -> Any:
    return bp.grad(lambda *args: inner(GRADIENT(*args), EVERYWHERE), argnums=ALL)(*args)


@pytest.mark.parametrize("f", [GRADIENT, second], ids=["first", "second"])
def test_the_bits_are_the_same_on_all_executors(executor: AbstractExecutor, f: Any) -> None:
    with bp.use(bp.Serial()):
        want = np.array(numbers(f(*ARGS))).tobytes()
    compiled = bp.compile(f, executor=executor)
    for _ in range(2):
        assert np.array(numbers(compiled(*ARGS))).tobytes() == want
    assert compiled.traces == 1
    with bp.use(executor):
        assert np.array(numbers(f(*ARGS))).tobytes() == want


def test_there_are_branches_to_run_in_parallel() -> None:
    plan = bp.compile(GRADIENT, executor=bp.Threads(2)).plan(*ARGS)
    assert len(plan.tasks) > 1
    assert plan.parallelism > 1.3
