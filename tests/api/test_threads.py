"""Operators in several threads at once: nested to order 3, on shared arrays, with one pullback for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.tracing.memory.guard import LARGE

THREADS = 6
ROUNDS = 20


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What some threads return that start together."""
    start = threading.Barrier(THREADS)

    def run(k: int) -> Any:
        start.wait()
        return [work(k) for _ in range(ROUNDS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def confused(k: int) -> float:
    """The derivative of x^2 z' = x^2 k, at each level by another variable, at x = 3."""
    inner = lambda x, y: bp.grad(lambda z: x * y * z * k)(1.0)  # noqa: E731
    return bp.grad(lambda x: x * bp.grad(lambda y: inner(x, y))(2.0))(3.0)


def third(k: int) -> float:
    return bp.grad(bp.grad(bp.grad(lambda x: k * x**4)))(2.0)


def forward_of_reverse(k: int) -> float:
    return bp.jvp(bp.grad(lambda x: bp.jvp(lambda y: k * x * y**2, (x,), (1.0,))[1]), (3.0,), (1.0,))[1]


@pytest.mark.parametrize(
    ("work", "unit"), [(confused, 6.0), (third, 48.0), (forward_of_reverse, 4.0)], ids=["confused", "third", "mixed"]
)
def test_nested_gradients(work: Callable[[int], float], unit: float) -> None:
    assert at_once(work) == [[unit * k] * ROUNDS for k in range(THREADS)]


def test_gradients_that_steer() -> None:
    def f(x: Any, k: int) -> Any:
        while x < 100 * k:
            x = x * x
        return x

    def work(k: int) -> float:
        return bp.grad(lambda x: f(x, k))(2.0)

    assert at_once(work) == [[work(k)] * ROUNDS for k in range(THREADS)]


def test_a_large_array_that_all_threads_use_ends_up_writable() -> None:
    shared = np.ones(LARGE)
    results = at_once(lambda k: bp.grad(lambda x: np.sum(x * shared) * k)(shared)[0])
    assert results == [[float(k)] * ROUNDS for k in range(THREADS)]
    assert shared.flags.writeable


def test_one_pullback_in_all_threads() -> None:
    x = np.arange(4.0)
    _, pullback = bp.vjp(lambda x: np.sum(x**2), x)
    for k, found in enumerate(at_once(lambda k: pullback(k)[0])):
        assert [part.tolist() for part in found] == [(2 * x * k).tolist()] * ROUNDS
