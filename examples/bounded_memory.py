"""The gradient of a long chain with less memory: part of it is computed again rather than kept."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np

import backprop as bp

STEPS = 300


def chain(x: Any) -> Any:
    """Many steps, of which the reverse pass wants every result."""
    for _ in range(STEPS):
        x = np.sin(x) + x
    return np.sum(x)


def measured(limit: str | None, x: Any) -> tuple[Any, float, float]:
    """The gradient, the most memory that it took, in MB, and its seconds."""
    gradient = bp.compile(bp.grad(chain), executor=bp.Serial(), memory_limit=limit)
    gradient.graph(x)  # trace it before the clock starts
    tracemalloc.start()
    result = gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    start = time.perf_counter()
    gradient(x)
    seconds = time.perf_counter() - start
    return result, peak / 1e6, seconds


def main() -> None:
    """Print memory and time with and without a limit."""
    x = np.linspace(0.0, 1.0, 20_000)
    free, most, quick = measured(None, x)
    bound, least, slow = measured("12 MB", x)
    print(f"without a limit {most:.0f} MB, {quick * 1e3:.0f} ms; with one {least:.0f} MB, {slow * 1e3:.0f} ms")
    assert np.array_equal(free, bound)
    assert least < most / 2


if __name__ == "__main__":
    main()
