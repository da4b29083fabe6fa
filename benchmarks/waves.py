"""Does code that writes in place cost more than the same without? Four shots of a wave inversion, time levels swapped.

Each shot solves u'' = c^2 (Laplacian of u) + source by the leapfrog scheme, with zeros at the border, and records one
row. `in place` is what people write: two arrays whose inner parts are overwritten in turn, and an array of traces that
is filled row by row. `by hand` is the functional program: each time level is a new array, padded, and the traces are
stacked. Both are traced whole, so that some 20,000 ops over the medium are differentiated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours
from .harness import Case
from .memory import peak_memory
from .targets import ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Points along an edge of the medium, time steps, shots."""

    edge: int = 100
    steps: int = 300
    shots: int = 4


FULL, TINY = Sizes(), Sizes(12, 15, 2)
NAME = "wave inversion in place"


def laplacian(u: Any) -> Any:
    """Of five points, inside of the border."""
    return u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]


def in_place(speed: Any, source: int, pulse: Any) -> Any:
    """What is recorded (steps, columns), as people write it."""
    old, now = bp.zeros(speed.shape), bp.zeros(speed.shape)
    traces = bp.zeros((len(pulse), speed.shape[1]))
    factor = (0.5 * speed[1:-1, 1:-1]) ** 2
    for k in range(len(pulse)):
        old[1:-1, 1:-1] = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + factor * laplacian(now)
        old[2, source] += pulse[k]
        old, now = now, old
        traces[k] = now[-3]
    return traces


def functional(speed: Any, source: int, pulse: Any) -> Any:
    """The same without a write."""
    old, now = np.zeros(speed.shape), np.zeros(speed.shape)
    traces = []
    factor = (0.5 * speed[1:-1, 1:-1]) ** 2
    for k in range(len(pulse)):
        inner = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + factor * laplacian(now)
        old, now = now, bp.ops.at_add(np.pad(inner, 1), (2, source), pulse[k])
        traces.append(now[-3])
    return np.stack(traces)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The gradient of the misfit, written both ways."""
    del with_rivals
    pulse = np.exp(-0.02 * (np.arange(sizes.steps) - 20.0) ** 2)
    sources = np.linspace(2, sizes.edge - 3, sizes.shots).astype(int).tolist()
    start = np.ones((sizes.edge, sizes.edge))
    truth = start.copy()
    truth[sizes.edge // 3 : sizes.edge // 2] = 1.15
    observed = [functional(truth, source, pulse) for source in sources]

    def gradient(shot: Any) -> Any:
        def misfit(speed: Any) -> Any:
            return sum(np.sum((shot(speed, at, pulse) - seen) ** 2) for at, seen in zip(sources, observed, strict=True))

        return ours.compiled(bp.grad(misfit), start)

    variants = {"by hand": gradient(functional), "serial": gradient(in_place)}
    targets = (ratio("in place / without writes", "serial", "by hand", 1.1),)
    yield Case(NAME, variants, "by hand", targets, 1e-9, partial(peak_memory, "waves", NAME))
