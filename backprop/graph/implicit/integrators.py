"""Integrators of ordinary differential equations: SciPy's, by name; a graph names no others.

`scipy.integrate` is loaded by SciPy when the first of them runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy

from ...ops.core.stopping import check_stop

Options = dict[str, Any]


class _Equation:
    """A body as a function of a time and one vector."""

    def __init__(self, body: Callable[..., Sequence[Any]], start: Sequence[Any], others: Sequence[Any]) -> None:
        self.body = body
        self.shapes = [(np.shape(part), np.asarray(part).dtype) for part in start]
        self.sizes = [int(np.size(part)) for part in start]
        self.others = others
        self.start = self.vector(start)
        self.evaluations = 0

    @staticmethod
    def vector(values: Sequence[Any]) -> Any:
        return np.concatenate([np.ravel(value) for value in values]).astype(np.float64)

    def parts(self, vector: Any) -> list[Any]:
        """A vector as a state."""
        pieces = np.split(vector, np.cumsum(self.sizes)[:-1])
        found = [piece.astype(dtype).reshape(shape) for piece, (shape, dtype) in zip(pieces, self.shapes, strict=True)]
        return [part if part.ndim else part[()] for part in found]

    def __call__(self, time: float, vector: Any) -> Any:
        check_stop()
        self.evaluations += 1
        return self.vector(self.body(np.float64(time), *self.parts(vector), *self.others))

    def results(self, rows: Any, count: int) -> tuple[Any, ...]:
        """The rows of each part of the state, and whether all times were reached; NaN at those that were not."""
        whole = np.full((count, sum(self.sizes)), np.nan)
        whole[: len(rows)] = rows
        pieces = np.split(whole, np.cumsum(self.sizes)[:-1], axis=1)
        parts = [
            piece.astype(dtype).reshape((count, *shape))
            for piece, (shape, dtype) in zip(pieces, self.shapes, strict=True)
        ]
        return (*parts, np.bool_(len(rows) == count), np.int64(self.evaluations))


def _solve_ivp(
    body: Any, start: Sequence[Any], times: Any, end: float, others: Sequence[Any], options: Options
) -> tuple[Any, ...]:
    equation = _Equation(body, start, others)
    first, later = float(times[0]), times[1:]
    rows = [equation.start]
    if len(later) and first != end:
        forward = end > first
        inside = np.clip(later, min(first, end), max(first, end))
        moved = inside > first if forward else inside < first
        rows += [equation.start] * int(np.sum(~moved))
        found = scipy.integrate.solve_ivp(equation, (first, end), equation.start, t_eval=inside[moved], **options)
        rows += list(found.y.T)
    else:
        rows += [equation.start] * len(later)
    return equation.results(rows, len(times))


def own_times(
    body: Any, start: Sequence[Any], first: float, end: float, others: Sequence[Any], options: Options
) -> Any:
    """The times that `solve_ivp` steps to where it is told none.

    Arguments:
        body: the right side, as something to call.
        start: the state at the start.
        first: the time at the start.
        end: the time at the end.
        others: further arguments of the right side.
        options: of `solve_ivp`.
    """
    equation = _Equation(body, start, others)
    return np.asarray(scipy.integrate.solve_ivp(equation, (first, end), equation.start, **options).t, np.float64)


def _odeint(
    body: Any, start: Sequence[Any], times: Any, end: float, others: Sequence[Any], options: Options
) -> tuple[Any, ...]:
    equation = _Equation(body, start, others)
    rows, info = scipy.integrate.odeint(equation, equation.start, times, tfirst=True, full_output=True, **options)
    return equation.results(rows if info["message"] == "Integration successful." else rows[:1], len(times))


INTEGRATORS: Mapping[str, Callable[..., tuple[Any, ...]]] = MappingProxyType(
    {"solve_ivp": _solve_ivp, "odeint": _odeint}
)
"""The integrators, by the names that graphs know them by."""
