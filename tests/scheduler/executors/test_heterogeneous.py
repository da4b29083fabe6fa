"""One function of a float, a matrix, a dict, a dataclass tree, a sum type, a sparse matrix and a user's type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import backprop as bp
from backprop.graph.structure import flatten
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.serial import Serial


@dataclass(frozen=True)
class Leaf:
    value: Any


@dataclass(frozen=True)
class Fork:
    left: Any
    right: Any
    name: str = "fork"


@dataclass(frozen=True)
class Circle:
    radius: Any


@dataclass(frozen=True)
class Box:
    sides: Any


class Signal:
    def __init__(self, samples: Any) -> None:
        self.samples = np.asarray(samples)


def zeros_like(s: Signal) -> Signal:
    return Signal(np.zeros_like(s.samples))


def add(s: Signal, t: Signal) -> Signal:
    return Signal(s.samples + t.samples)


bp.register(Signal, zeros_like=zeros_like, add=add)


def _signal(x: Any) -> Signal:
    return Signal(x)


def _samples(s: Signal) -> Any:
    return s.samples


signal = bp.op(_signal, name="signal")
samples = bp.op(_samples, name="samples", infer=lambda s: bp.ArrayType(3))
signal.defvjp(lambda g, out, x: samples(g))
samples.defvjp(lambda g, out, s: signal(g))


def depth_sum(tree: Any) -> Any:
    match tree:
        case Leaf(value):
            return np.sum(np.sin(value))
        case Fork(left, right):
            return depth_sum(left) * 0.5 + depth_sum(right) ** 2
    raise AssertionError(tree)


def area(shape: Any) -> Any:
    match shape:
        case Circle(radius):
            return np.pi * radius**2
        case Box((a, b)):
            return a * b
    raise AssertionError(shape)


def loss(t: Any, m: Any, d: Any, tree: Any, shape: Any, a: Any, s: Any) -> Any:
    x = np.tanh(m @ d["x"]) * t
    y = a @ x + d["y"][0]
    z = samples(s) * y
    return np.sum(z**2) * area(shape) + depth_sum(tree) * np.sum(np.exp(-y * y)) + np.sum(a.T @ z)


RNG = np.random.default_rng(5)
ARGS = (
    1.5,
    RNG.normal(size=(4, 2)),
    {"x": RNG.normal(size=2), "y": [RNG.normal(size=3), None], "n": 3},
    Fork(Fork(Leaf(RNG.normal(size=2)), Leaf(0.3)), Leaf(RNG.normal(size=(2, 2)))),
    Box((1.2, 0.7)),
    sp.csr_array(sp.random_array((3, 4), density=0.6, rng=RNG)),
    Signal(RNG.normal(size=3)),
)
ALL = tuple(range(len(ARGS)))


def bits(tree: Any) -> list[bytes]:
    leaves = [leaf.samples if isinstance(leaf, Signal) else leaf for leaf in flatten(tree)[0]]
    return [np.asarray(leaf).tobytes() for leaf in leaves]


def of_samples(*args: Any) -> Any:
    """The loss as a function of the samples of the signal, which differences can be taken by."""
    return loss(*args[:-1], signal(args[-1]))


def test_the_gradient_has_the_structure_of_the_arguments() -> None:
    gradient = bp.grad(loss, argnums=ALL)(*ARGS)
    assert [type(g) for g in gradient] == [type(x) for x in ARGS]
    assert gradient[2]["n"] is None
    assert gradient[3].name is None
    assert type(gradient[3].left.right) is Leaf
    assert gradient[5].nnz == ARGS[5].nnz
    assert gradient[6].samples.shape == (3,)


def test_it_is_that_of_finite_differences_twice() -> None:
    args = (*ARGS[:-1], ARGS[-1].samples)
    bp.testing.check_grads(of_samples, args)
    ours, theirs = bp.grad(loss, argnums=6)(*ARGS), bp.grad(of_samples, argnums=6)(*args)
    np.testing.assert_array_equal(ours.samples, theirs)


def test_the_gradient_carries_the_constructor() -> None:
    for shape in (Circle(0.5), Box((1.0, 2.0))):
        args = (*ARGS[:4], shape, *ARGS[5:])
        assert type(bp.grad(loss, argnums=4)(*args)) is type(shape)


@pytest.mark.parametrize("order", [1, 2])
def test_the_bits_are_the_same_on_all_executors(executor: AbstractExecutor, order: int) -> None:
    def slope(*args: Any) -> Any:
        return sum(np.sum(leaf) for leaf in flatten(bp.grad(loss, argnums=ALL[:-1])(*args))[0])

    f = bp.grad(loss if order == 1 else slope, argnums=ALL)
    with bp.use(Serial()):
        want = bits(f(*ARGS))
    with bp.use(executor):
        assert bits(f(*ARGS)) == want
