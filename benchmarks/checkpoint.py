"""What does memory cost in time? A chain of 1,000 steps over 10^5 numbers: all residuals kept, and a bound kept.

Kept whole, the gradient holds a residual for each step: 800 MB. With the steps in about the square root of their number
of segments, it holds of the order of the square root, for at most one more evaluation of the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours
from .harness import Case, Variant, by_hand
from .memory import child
from .targets import Figure, ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Steps, numbers a step, steps in each checkpoint, and the bound."""

    steps: int = 1_000
    length: int = 100_000
    segment: int = 32
    limit: str = "100 MB"


FULL, TINY = Sizes(), Sizes(40, 50, 6, "1 MB")
NAME = "chain of 1,000 steps within a bound on memory"


def steps(count: int, x: Any) -> Any:
    for _ in range(count):
        x = np.sin(x) + x
    return x


def chain(sizes: Sizes, x: Any) -> Any:
    return np.sum(steps(sizes.steps, x))


def checkpointed(sizes: Sizes, x: Any) -> Any:
    """The chain with a checkpoint for each segment."""
    left = sizes.steps
    while left:
        count = min(left, sizes.segment)
        x = bp.checkpoint(partial(steps, count))(x)
        left -= count
    return np.sum(x)


def hand_gradient(sizes: Sizes, x: Any) -> Any:
    kept = [x]
    for _ in range(sizes.steps):
        kept.append(np.sin(kept[-1]) + kept[-1])
    g = np.ones_like(x)
    for residual in reversed(kept[:-1]):
        g = g * (np.cos(residual) + 1)
    return g


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """One case: all kept, checkpoints by hand, and a bound."""
    del with_rivals
    x = np.linspace(0.0, 1.0, sizes.length)
    bounded = bp.compile(bp.grad(partial(chain, sizes)), executor=ours.SERIAL, memory_limit=sizes.limit)
    variants = {
        "by hand": by_hand(hand_gradient, sizes, x),
        "all kept": ours.compiled(bp.grad(partial(chain, sizes)), x),
        "checkpoints": ours.compiled(bp.grad(partial(checkpointed, sizes)), x),
        "memory_limit": Variant(lambda: bounded(x)),
    }
    targets = (
        ratio("checkpoints / all kept", "checkpoints", "all kept", None),
        ratio("memory_limit / all kept", "memory_limit", "all kept", None),
    )
    yield Case(NAME, variants, "by hand", targets, 1e-9, memory)


def memory() -> tuple[Figure, ...]:
    """The peak of each way."""
    ways = ("by hand", "all kept", "checkpoints", "memory_limit")
    return tuple(
        Figure(f"peak memory, {way}", int(child("benchmarks.memory", "checkpoint", NAME, way)) / 1e6, None, "MB")
        for way in ways
    )
