"""Do the shots of a wave inversion run side by side, when their solver is opaque? Sixteen shots over one medium.

Each shot sends a wavelet from a place of its own through a 2-D medium, u'' = c^2 (Laplacian of u) + source, and records
it along a line; the misfit is the sum of squared differences from what was observed, with a penalty for roughness. The
solver and its adjoint are plain NumPy that nobody looks into, an op of the user's own; all else is traced.

Source: discrete adjoint of the leapfrog scheme of second order, reflecting borders. R.-E. Plessix, A review of the
adjoint-state method, Geophysical Journal International 167(2), 2006.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import backprop as bp

from . import ours
from .harness import Case, by_hand
from .memory import peak_memory
from .targets import ratio


@dataclass(frozen=True, slots=True)
class Sizes:
    """Points along an edge of the medium, time steps, shots."""

    edge: int = 160
    steps: int = 150
    shots: int = 16


FULL, TINY = Sizes(), Sizes(12, 15, 3)
NAME = "wave inversion, many shots"
COURANT = 0.3
"""(dt / dx)^2, below 1/2 so that the scheme is stable for c^2 up to 1.5."""
ROUGH = 0.01
"""The weight of the penalty."""

# The solver.


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot: the column of its source, and the steps of the simulation; recorded are the points of row 2."""

    column: int
    steps: int

    def wavelet(self, t: int) -> float:
        """A Ricker wavelet."""
        a = (0.12 * (t - 12)) ** 2
        return float((1 - 2 * a) * np.exp(-a))

    def forward(self, medium: Any) -> tuple[Any, Any]:
        """What is recorded (steps, columns); and the curvature of the wave at each step, for the adjoint.

        Arguments:
            medium: c^2, (rows, columns).
        """
        rate = COURANT * medium
        before, now, work = (np.zeros((medium.shape[0] + 2, medium.shape[1] + 2)) for _ in range(3))
        curvature = np.empty((self.steps, *medium.shape))
        record = np.empty((self.steps, medium.shape[1]))
        for t in range(self.steps):
            bend(now, curvature[t])
            advance(before, now, np.multiply(rate, curvature[t], out=inner(work)))
            before, now = now, before
            inner(now)[1, self.column] += self.wavelet(t)
            record[t] = inner(now)[2]
        return record, (rate, curvature)

    def backward(self, residuals: Any, g: Any) -> Any:
        """The cotangent of the medium: the scheme backwards in time, driven by the cotangent of the record."""
        rate, curvature = residuals
        later, now, work, scaled = (np.zeros((rate.shape[0] + 2, rate.shape[1] + 2)) for _ in range(4))
        total = np.zeros_like(rate)
        for t in range(self.steps - 1, -1, -1):
            np.multiply(rate, inner(now), out=inner(scaled))
            bend(scaled, inner(work))
            advance(later, now, inner(work))
            later, now = now, later
            inner(now)[2] += g[t]
            np.multiply(inner(now), curvature[t], out=inner(work))
            total += inner(work)
        total *= COURANT
        return total


def inner(padded: Any) -> Any:
    """All but the border, which stays zero."""
    return padded[1:-1, 1:-1]


def bend(u: Any, out: Any) -> None:
    """The Laplacian of five points."""
    np.multiply(u[1:-1, 1:-1], -4, out=out)
    out += u[:-2, 1:-1]
    out += u[2:, 1:-1]
    out += u[1:-1, :-2]
    out += u[1:-1, 2:]


def advance(before: Any, now: Any, change: Any) -> None:
    """2 now - before + change, over `before`."""
    old = inner(before)
    np.subtract(change, old, out=old)
    old += inner(now)
    old += inner(now)


# The misfit.


def roughness(medium: Any) -> Any:
    return ROUGH * (np.sum((medium[1:] - medium[:-1]) ** 2) + np.sum((medium[:, 1:] - medium[:, :-1]) ** 2))


def misfit(simulations: Any, medium: Any, observed: Any) -> Any:
    """The sum over shots, and the penalty."""
    parts = [np.sum((run(medium) - seen) ** 2) for run, seen in zip(simulations, observed, strict=True)]
    return sum(parts, start=roughness(medium))


def hand_gradient(shots: Any, medium: Any, observed: Any) -> Any:
    """The gradient as one writes it today: the shots one after the other."""
    down, across = medium[1:] - medium[:-1], medium[:, 1:] - medium[:, :-1]
    total = np.zeros_like(medium)
    total[1:] += 2 * ROUGH * down
    total[:-1] -= 2 * ROUGH * down
    total[:, 1:] += 2 * ROUGH * across
    total[:, :-1] -= 2 * ROUGH * across
    for shot, seen in zip(shots, observed, strict=True):
        record, residuals = shot.forward(medium)
        record -= seen
        record *= 2
        total += shot.backward(residuals, record)
    return total


# Cases.


def operator(shot: Shot, sizes: Sizes) -> Any:
    """The simulation of a shot as an op of one's own; about ten elementwise steps over the medium a time step."""
    kind = bp.ArrayType((sizes.steps, sizes.edge), "float64")
    work = 10 * sizes.steps * sizes.edge**2
    return bp.op(shot.forward, shot.backward, infer=lambda medium: kind, seconds=work / 1.5e9)


def problem(sizes: Sizes) -> tuple[Any, Any, Any]:
    """The shots, a medium to start from, and what was observed in another one."""
    columns = np.linspace(1, sizes.edge - 2, sizes.shots).astype(int)
    shots = tuple(Shot(int(column), sizes.steps) for column in columns)
    start = np.ones((sizes.edge, sizes.edge))
    truth = start.copy()
    truth[sizes.edge // 3 : sizes.edge // 2] = 1.3
    return shots, start, tuple(shot.forward(truth)[0] for shot in shots)


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The gradient of the misfit; no rival runs an opaque solver's shots in parallel."""
    del with_rivals
    shots, medium, observed = problem(sizes)
    simulations = [operator(shot, sizes) for shot in shots]
    gradient = bp.grad(lambda medium, observed: misfit(simulations, medium, observed))
    variants = {
        "by hand": by_hand(hand_gradient, shots, medium, observed),
        **ours.executors(gradient, medium, observed),
    }
    targets = (
        ratio("threads / serial", "threads", "serial", None),
        ratio("serial / by hand", "serial", "by hand", None),
        *ours.common_targets(gradient, medium, observed),
    )
    yield Case(NAME, variants, "by hand", targets, 1e-9, partial(peak_memory, "inversion", NAME))
