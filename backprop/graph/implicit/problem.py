"""Problem: an equation, or a function to minimise, as solvers take it: functions of one vector of plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ops.core.stopping import check_stop
from ...ops.core.types import NumericType
from .jacobian import is_number

Body = Callable[..., Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be solved.

    Arguments:
        bodies: functions of (*unknowns, *others) by what they are: "residual", "objective", "gradient", "jacobian".
        types: of the unknowns.
        hints: what the solver starts from.
        others: what the bodies read besides.
    """

    bodies: Mapping[str, Body]
    types: tuple[NumericType[Any], ...]
    hints: tuple[Any, ...]
    others: tuple[Any, ...]

    @property
    def start(self) -> Any:
        """The unknowns to start with, as a vector."""
        return self.vector(self.hints[: len(self.types)])

    def vector(self, values: Sequence[Any]) -> Any:
        """Values as one vector of float64, in which solvers compute."""
        return np.concatenate([np.ravel(value) for value in values]).astype(np.float64)

    def parts(self, vector: Any) -> list[Any]:
        """A vector as the unknowns, new arrays."""
        found: list[Any] = []
        start = 0
        for t in self.types:
            part = np.array(vector[start : start + t.size], t.dtype).reshape(t.shape)
            found.append(part[()] if is_number(t) else part)
            start += t.size
        return found

    def _results(self, name: str, vector: Any) -> Sequence[Any]:
        check_stop()
        return self.bodies[name](*self.parts(np.atleast_1d(vector)), *self.others)

    def residual(self, vector: Any, *_: Any) -> Any:
        """What is to be 0, as a vector."""
        return self.vector(self._results("residual", vector))

    def scalar(self, number: Any, *_: Any) -> float:
        """What is to be 0, where it is one number."""
        return float(self.residual(number)[0])

    def objective(self, vector: Any, *_: Any) -> float:
        """What is to be as small as possible."""
        return float(np.asarray(self._results("objective", vector)[0]))

    def gradient(self, vector: Any, *_: Any) -> Any:
        """The derivatives of the objective, as a vector."""
        return self.vector(self._results("gradient" if "gradient" in self.bodies else "residual", vector))

    def values(self, vector: Any, *_: Any) -> Any:
        """What the sum of squares is to be as small as possible of, as a vector."""
        return self.vector(self._results("objective", vector))

    def jacobian(self, vector: Any, *_: Any) -> Any:
        """The derivatives of the residual by the unknowns, a matrix."""
        return np.asarray(self._results("jacobian", vector)[0], np.float64)

    def slope(self, number: Any, *_: Any) -> float:
        """The derivative of the residual, where it is one number."""
        return float(self.jacobian(number)[0, 0])
