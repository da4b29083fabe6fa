"""Random programs with masks, singular points and corners, and differences that know where they can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

SIZE = 3
MATRIX = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 1.0], [0.0, 1.0, 3.0]])

UNARY: dict[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "expm1": np.expm1,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "cosh": np.cosh,
    "abs": np.abs,
    "square": np.square,
    "sinc": np.sinc,
    "x ** 0": lambda x: x**0,
    "x ** 3": lambda x: x**3,
    "x ** 1.5": lambda x: x**1.5,
    "x ** 2.5": lambda x: x**2.5,
    "x ** -1": lambda x: x**-1,
    "1 / x": lambda x: 1 / x,
    "-x": lambda x: -x,
    "x - 1": lambda x: x - 1.0,
    "2 x": lambda x: 2.0 * x,
    "overflow": lambda x: np.exp(800.0 * x),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "sort": np.sort,
    "reversed": lambda x: x[::-1],
    "first two": lambda x: np.concatenate([x[:2], x[:1]]),
    "picked": lambda x: x[np.array([2, 0, 0])],
    "an element": lambda x: x[1] * np.ones(SIZE),
    "mean": lambda x: x - np.mean(x),
    "norm": lambda x: np.linalg.norm(x) * np.ones(SIZE),
    "std": lambda x: np.std(x) * np.ones(SIZE),
    "max": lambda x: np.max(x) + x,
    "prod": lambda x: np.prod(x) * np.ones(SIZE),
    "matrix": lambda x: MATRIX @ x,
    "outer": lambda x: np.sum(x[:, None] * np.tanh(x), 0),
    "roll": lambda x: np.roll(x, 1),
    "diff": lambda x: np.diff(x, prepend=0.0),
    "positive": lambda x: np.where(x > 0, x, 0),
    "clip": lambda x: np.clip(x, -1, 1),
    "nan to num": np.nan_to_num,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "hypot": np.hypot,
    "arctan2": np.arctan2,
    "power": np.power,
    "where positive": lambda x, y: np.where(x > 0, y, x),
    "where else": lambda x, y: np.where(y != 0, x / y, 1.0),
    "where finite": lambda x, y: np.where(np.isfinite(y), y, x),
    "where seen": lambda x, y: np.where(np.array([True, False, True]), x, y),
    "dot": lambda x, y: x @ y + x,
}
CONDITIONS: dict[str, Callable[..., Any]] = {
    "where positive": lambda x, y: x > 0,
    "where else": lambda x, y: y != 0,
    "where finite": lambda x, y: np.isfinite(y),
    "positive": lambda x: x > 0,
    "nan to num": np.isfinite,
}
"""What the steps that choose choose by."""


TIES: dict[str, Callable[..., Any]] = {
    "maximum": lambda x, y: x == y,
    "minimum": lambda x, y: x == y,
    "clip": lambda x: np.abs(x) == 1,
    "sort": lambda x: np.unique(x).size < SIZE,
    "max": lambda x: np.unique(x).size < SIZE,
    "abs": lambda x: x == 0,
    "norm": lambda x: not np.any(x),
    "std": lambda x: np.ptp(x) == 0,
    "hypot": lambda x, y: (x == 0) & (y == 0),
    "arctan2": lambda x, y: y == 0,
}
"""Where steps have a corner or a jump; what the derivative is there is a convention of docs/edges.md."""

BY_PLACE = ("sort", "arctan2")
"""Steps that choose a piece at a tie, at each order; all others have no second derivative there."""


class Step(NamedTuple):
    """An op on earlier values."""

    name: str
    operands: tuple[int, ...]


class Program(NamedTuple):
    """Steps on a vector, and the point to try them at."""

    steps: tuple[Step, ...]
    point: tuple[float, ...]

    def values(self, x: Any) -> list[Any]:
        """The operand and the value of each step."""
        values = [x]
        for name, operands in self.steps:
            f: Any = UNARY.get(name) or BINARY[name]
            values.append(f(*(values[i] for i in operands)))
        return values

    def __call__(self, x: Any) -> Any:
        return np.sum(self.values(x)[-1] * np.array([1.0, 0.7, -0.4]))

    def branch(self, x: Any) -> tuple[bytes, ...]:
        """What all conditions say at a point: a derivative is that of the branch that is taken there."""
        values = self.values(x)
        chosen = [(CONDITIONS[name], places) for name, places in self.steps if name in CONDITIONS]
        return tuple(condition(*(values[i] for i in places)).tobytes() for condition, places in chosen)

    def is_beside_a_corner(self, x: Any) -> bool:
        """Whether a value is nearly 0 by rounding alone, as sinc(1) is: differences then step over a corner."""
        sizes = np.abs(np.concatenate([np.ravel(np.asarray(value, float)) for value in self.values(x)]))
        return bool(np.any((sizes > 0) & (sizes < 1e-12)))

    def overflows(self, x: Any) -> bool:
        """Whether a value is so large that its square is infinite."""
        return any(np.nanmax(np.abs(value)) > 1e100 for value in self.values(x) if not np.all(np.isnan(value)))

    def tied(self, x: Any) -> list[str]:
        """The steps that are at a corner of theirs."""
        values = self.values(x)
        return [
            name for name, places in self.steps if name in TIES and np.any(TIES[name](*(values[i] for i in places)))
        ]

    def ties(self, x: Any) -> int:
        """How many steps are at a corner of theirs.

        A jump, as that of arctan2, counts as several, and so does a sort of three equal elements: moved, the second of
        them becomes the first or the last.
        """
        return sum(2 if name == "arctan2" or self._is_sort_of_equals(name, x) else 1 for name in self.tied(x))

    def _is_sort_of_equals(self, name: str, x: Any) -> bool:
        values = self.values(x)
        return name == "sort" and any(
            step.name == name and np.ptp(values[step.operands[0]]) == 0 for step in self.steps
        )

    def is_chosen_by_place(self, x: Any) -> bool:
        """Whether a step chooses one of several pieces at a tie."""
        return any(name in BY_PLACE for name in self.tied(x))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A few steps at a point with zeros, ones and ties."""
    steps: list[Step] = []
    for k in range(draw(st.integers(1, 5))):
        name = draw(st.sampled_from([*UNARY, *BINARY, *BINARY]))
        count = 1 if name in UNARY else 2
        late = st.integers(max(0, k - 1), k)
        steps.append(Step(name, tuple(draw(late if j == 0 else st.integers(0, k)) for j in range(count))))
    numbers = st.sampled_from([0.0, 0.0, 1.0, 1.0, -1.0, 0.5, 2.0, -0.3])
    return Program(tuple(steps), tuple(draw(numbers) for _ in range(SIZE)))


class Sides(NamedTuple):
    """One-sided differences, and whether they are to be trusted."""

    left: float
    right: float
    trusted: bool

    @property
    def agree(self) -> bool:
        """Whether both sides have one derivative."""
        return self.trusted and abs(self.left - self.right) <= 1e-3 * (1 + abs(self.left) + abs(self.right))


def differences(f: Callable[[float], float], steps: tuple[float, ...] = (1e-3, 5e-4, 2.5e-4, 1.25e-4)) -> Sides:
    """The derivative of f at 0 from both sides, by extrapolation; trusted where the steps agree with each other."""
    with np.errstate(all="ignore"):
        start = f(0.0)
        sides = [_extrapolated([(f(sign * h) - start) / (sign * h) for h in steps]) for sign in (-1, 1)]
    (left, left_ok), (right, right_ok) = sides
    return Sides(left, right, left_ok and right_ok and abs(start) < 1e6)  # else f is rounded too much


def _extrapolated(quotients: list[float]) -> tuple[float, bool]:
    """Richardson's extrapolation of quotients at steps that are halved, and whether it converges."""
    rows = [quotients]
    while len(rows[-1]) > 1:
        last, order = rows[-1], len(rows)
        rows.append([(2**order * b - a) / (2**order - 1) for a, b in pairwise(last)])
    best, before = rows[-1][0], rows[-2][-1]
    ok = bool(np.isfinite(best)) and abs(best - before) <= 1e-5 * (1 + abs(best)) and abs(best) < 1e6
    return best, ok
