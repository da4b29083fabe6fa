"""A run whose tasks are timed node by node: their programs, with a look at the clock behind each line.

The program is the one that runs anyway, in the memory that it has. Nodes without a line, such as views that were made
with the memory, take nothing.

Limits: programs that are loops over steps, for very long graphs, are not timed by node. A look at the clock takes some
50 ns, which count for the node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

from ..entry import entered
from ..executors.inline import programs
from ..executors.readiness import run_in_order
from ..machine.blas import blas_threads as blas
from ..planning.plan import Plan, Task
from ..planning.spent import spent
from ..programs.code_generation import Code, defined
from ..programs.program import Program, generated


def run_timed(
    plan: Plan, tasks: Sequence[int], values: Sequence[Any], blas_threads: int | None
) -> tuple[Sequence[Any], dict[int, list[float]]]:
    """The results of a plan whose tasks run one after the other in this thread, and what nodes take.

    Arguments:
        plan: the plan.
        tasks: those whose nodes are timed.
        values: of the plan's inputs.
        blas_threads: the threads of BLAS.
    Returns:
        the results; for each of these tasks that can be timed, the seconds of each node.
    """
    runners = list(programs(plan))
    own = spent(plan)
    clocks = {k: clock for k in tasks if (clock := NodeClock.of(plan.tasks[k], own[k])) is not None}
    for k, clock in clocks.items():
        runners[k] = clock
    with blas(blas_threads):
        results = run_in_order(plan, entered(plan, values), runners)
    return results, {k: clock.seconds for k, clock in clocks.items()}


class NodeClock:
    """The program of a task that looks at the clock behind each line.

    Arguments:
        task: the task.
        code: of its program.
    """

    def __init__(self, task: Task, code: Code) -> None:
        self.seconds = [0.0] * len(task.body)
        self._first = task.body.first
        self._ticks: list[float] = []
        self._program = Program(_with_ticks(code, self._tick), task.body, task.name)

    @classmethod
    def of(cls, task: Task, own: frozenset[int] = frozenset()) -> NodeClock | None:
        """The clock of a task, None where its program is no code of lines; it owns some of its arguments."""
        code = generated(task.body, own)
        return cls(task, code) if code.text else None

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """Run, and time."""
        self._tick()
        results = self._program(*values)
        spans = [after - before for before, after in pairwise(self._ticks)]
        for i, seconds in zip(self._program.code.ids, spans, strict=True):
            if i >= self._first:
                self.seconds[i - self._first] += seconds
        return results

    def _tick(self) -> None:
        self._ticks.append(perf_counter())


def _with_ticks(code: Code, tick: Callable[[], None]) -> Code:
    """The code that calls something at the end of each line that stands for a node."""
    head, *lines = code.text.split("\n")
    count = len(code.ids)
    text = "\n".join([head, *[f"{line}; tick()" for line in lines[:count]], *lines[count:]])
    return Code(defined(text, {**code.run.__globals__, "tick": tick}), code.ids, text)
