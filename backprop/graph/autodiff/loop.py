"""Loop: what the operands and results of a scan are, and how its steps follow each other.

Who runs a scan may know a quicker way than `step_by_step`, which calls the body for each step; the values are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...ops.core.stopping import check_stop

Body = Callable[..., Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Loop:
    """How many operands and results of a scan are what, and which way it goes.

    Arguments:
        carries: operands that each step hands on to the next.
        rows: operands of which each step gets a row; the rest are constants, which every step gets.
        length: the number of steps.
        backwards: whether the last row comes first.
        kept: the carries whose values before each step are results.
    """

    carries: int
    rows: int
    length: int
    backwards: bool = False
    kept: tuple[int, ...] = ()

    def parts(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The carries, the rows and the constants: of operands and of a body's inputs alike."""
        start, stop = self.carries, self.carries + self.rows
        return list(operands[:start]), list(operands[start:stop]), list(operands[stop:])

    def steps(self) -> range:
        """The rows in the order of the steps."""
        return range(self.length)[::-1] if self.backwards else range(self.length)


def step_by_step(
    body: Body,
    loop: Loop,
    carries: Sequence[Any],
    rows: Sequence[Any],
    constants: Sequence[Any],
    stacks: Sequence[Any],
) -> Sequence[Any]:
    """The last carries of a loop.

    Arguments:
        body: a step: (*carries, *rows, *constants) -> results.
        loop: what it is.
        carries: the first ones.
        rows: arrays of rows, in the order of the steps.
        constants: what each step gets.
        stacks: what the results of the steps go into, in their order.
    """
    for t in range(loop.length):
        before = [carries[k] for k in loop.kept]
        check_stop()
        results = body(*carries, *[row[t] for row in rows], *constants)
        carries = results[: loop.carries]
        for stack, value in zip(stacks, (*results[loop.carries :], *before), strict=True):
            stack[t] = value
    return carries
