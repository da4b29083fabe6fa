"""What does a step of a loop cost? Eight ops on ten numbers, and a step of RK4 on four, forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import backprop as bp

from . import ours
from .harness import Case, by_hand
from .targets import Target, ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """The steps of a loop."""

    steps: int = 2_000


FULL, TINY = Sizes(), Sizes(10)
DRIFT = np.array([[0, 1, 0, 0], [-0.5, 0, 1, 0], [0, 0, -1, 1], [0, -1, 0, 0.0]])


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """Small ops, then RK4."""
    yield small(sizes.steps)
    yield runge_kutta(sizes.steps)


def a_step(variant: str, steps: int, limit: float | None) -> Target:
    return Target("a step, forward and back", (variant,), lambda m: m[variant] / steps * 1e6, limit, "us")


def small(steps: int) -> Case:
    """Eight ops on ten numbers."""
    rows = np.random.default_rng(0).normal(size=(steps, 10))
    start = np.ones(10)

    def f(h: Any) -> Any:
        return np.sum(bp.scan(lambda h, w: (np.tanh(np.sin(h * w) + h) * 0.5 - w * h, None), h, rows)[0])

    def hand(h: Any) -> Any:
        before = np.empty_like(rows)
        for t, w in enumerate(rows):
            before[t] = h
            h = np.tanh(np.sin(h * w) + h) * 0.5 - w * h
        g = np.ones(10)
        for h, w in zip(before[::-1], rows[::-1], strict=True):
            turn = h * w
            inner = 0.5 * g * (1 - np.tanh(np.sin(turn) + h) ** 2)
            g = inner * np.cos(turn) * w + inner - g * w
        return g

    variants = {"by hand": by_hand(hand, start), "serial": ours.compiled(bp.grad(f), start)}
    targets = (
        a_step("serial", steps, 10.0),
        ratio("/ by hand", "serial", "by hand", None),
        ours.prediction("serial", bp.grad(f), start),
    )
    return Case("scan of eight ops on ten numbers", variants, "by hand", targets)


def runge_kutta(steps: int) -> Case:
    """RK4 on four numbers, as one node and unrolled by Python's loop."""
    count = min(steps, 100)
    start = np.ones(4)

    def rate(y: Any) -> Any:
        return DRIFT @ y * 0.1 - y**3 * 0.01

    def step(y: Any, dt: float = 0.01) -> Any:
        a = rate(y)
        b = rate(y + dt / 2 * a)
        c = rate(y + dt / 2 * b)
        return y + dt / 6 * (a + 2 * b + 2 * c + rate(y + dt * c))

    def unrolled(y: Any) -> Any:
        for _ in range(count):
            y = step(y)
        return np.sum(y**2)

    def looped(y: Any) -> Any:
        return np.sum(bp.fori_loop(0, count, lambda _, y: step(y), y) ** 2)

    variants = {
        "unrolled": ours.compiled(bp.grad(unrolled), start),
        "loop": ours.compiled(bp.grad(looped), start),
    }
    targets = (a_step("loop", count, None), ours.prediction("unrolled", bp.grad(unrolled), start))
    return Case("RK4 on four numbers", variants, "unrolled", targets)
