"""What does an op cost beyond its arithmetic? A chain of 2 * 10^5 scalar ops, and one of 2,000 ops on eight numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours, rivals
from .harness import Case, Variant, by_hand
from .targets import each, seconds


@dataclass(frozen=True, slots=True)
class Sizes:
    """The ops of the long chain of scalars, and of the short one of small arrays."""

    long: int = 200_000
    short: int = 2_000


FULL, TINY = Sizes(), Sizes(60, 20)


def chain(count: int, xp: Any, x: Any) -> Any:
    """Ops on one number or array, alternately a function and a product with a constant."""
    for _ in range(count // 2):
        x = xp.sin(x) * 1.01
    return x


def hand_chain_gradient(count: int, x: float) -> Any:
    """The derivative of the chain, in NumPy's scalars."""
    slope = np.float64(1.0)
    for _ in range(count // 2):
        slope = slope * (np.cos(x) * 1.01)
        x = np.sin(x) * 1.01
    return slope


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The long chain, then what an op costs."""
    yield long_chain(sizes.long, with_rivals)
    yield overhead(sizes.short)


def long_chain(count: int, with_rivals: bool) -> Case:
    x = np.float64(0.7)
    gradient = bp.grad(partial(chain, count, np))
    variants = {
        "by hand": by_hand(hand_chain_gradient, count, x),
        "traced": Variant(lambda: gradient(x)),
        "compiled": ours.compiled(gradient, x),
        **(rivals.gradients(partial(chain, count), x, skip=("jax",)) if with_rivals else {}),
    }
    targets = (
        seconds("gradient, traced at every call", "traced", 1.5),
        seconds("gradient, compiled", "compiled", 0.2),
        ours.prediction("compiled", gradient, x),
    )
    return Case("chain of scalar ops", variants, "by hand", targets, 1e-8)


def overhead(count: int) -> Case:
    """The chain itself, without a gradient: NumPy alone is the kernel."""
    x = np.linspace(0.1, 0.8, 8)
    f = partial(chain, count, np)
    traced = bp.evaluate(f, executor=ours.SERIAL)
    variants = {
        "kernel": by_hand(f, x),
        "traced": Variant(lambda: traced(x)),
        "compiled": ours.compiled(f, x),
    }
    targets = (
        each("a traced op beyond the kernel", "traced", "kernel", count, 5.0),
        each("a replayed op beyond the kernel", "compiled", "kernel", count, 0.25),
    )
    return Case("overhead of an op", variants, "kernel", targets, 1e-12)
