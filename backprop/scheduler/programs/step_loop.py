"""Steps -> a loop over them, for graphs so long that compiling code for them takes longer than running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .code_generation import Code, by_position
from .memory.workspace import Pool
from .steps import Step, Steps

Shape = Literal["unary", "binary", "unary into", "binary into", "any"]
"""How many operands a row has, and whether its function writes to a buffer; "any" stands for all other steps."""

SHAPES: tuple[Shape, ...] = ("unary", "binary", "unary into", "binary into")

Row = tuple[Shape, Callable[..., Any], int, int, int]
"""The shape, the function, and the cells of two operands and of the result or its buffer."""


def loop_over(steps: Steps) -> Code:
    """The code of a program as a loop over rows of cells."""
    names = [*steps.inputs, *steps.arrays, *steps.constants]
    cell = {name: k for k, name in enumerate(names)}
    rows = [_row(step, cell) for step in steps.steps]
    constants = list(steps.constants.values())
    spare: list[Any] = [None] * (len(cell) - len(names))
    results = [(cell[name], wrap) for name, wrap in steps.outputs]
    pool = Pool(steps.layout)

    def run(*values: Any) -> tuple[Any, ...]:
        workspace = pool.enter()
        cells = [*values, *workspace.arrays(), *constants, *spare]
        left = iter(rows)  # Program reads off the frame of an exception how many are left
        _perform(left, cells)
        pool.leave(workspace)
        return tuple([wrap(cells[k]) if wrap else cells[k] for k, wrap in results])

    return Code(run, tuple([step.id for step in steps.steps]))


def _perform(left: Iterator[Row], cells: list[Any]) -> None:
    for shape, function, x, y, target in left:
        match shape:
            case "binary":
                cells[target] = function(cells[x], cells[y])
            case "unary":
                cells[target] = function(cells[x])
            case "binary into":
                function(cells[x], cells[y], cells[target])
            case "unary into":
                function(cells[x], cells[target])
            case _:
                function(cells)


def _row(step: Step, cell: dict[str, int]) -> Row:
    operands = [cell[name] for name in step.operands]
    drops = tuple([cell[name] for name in step.drops])
    target = cell.setdefault(step.out or step.target or "_", len(cell))
    into = bool(step.out) and by_position(step.function)
    plain = not step.params and step.wrap is None and not drops and (into or not step.out)
    if plain and 0 < len(operands) < 3:
        return SHAPES[len(operands) - 1 + 2 * into], step.function, operands[0], operands[-1], target
    return "any", _Performed(step, tuple(operands), target, drops), 0, 0, 0


@dataclass(frozen=True, slots=True, eq=False)
class _Performed:
    """A step of any kind, on cells."""

    step: Step
    operands: tuple[int, ...]
    target: int
    drops: tuple[int, ...]

    def __call__(self, cells: list[Any]) -> None:
        step, args = self.step, [cells[k] for k in self.operands]
        if step.out:
            step.function(*args, **step.params, out=cells[self.target])
        else:
            value = step.function(*args, **step.params)
            cells[self.target] = step.wrap(value) if step.wrap else value
        for k in self.drops:
            cells[k] = None
