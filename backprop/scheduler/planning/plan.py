"""Plan: a graph cut into tasks, as plain data.

A task's body is a closed Graph whose inputs are the task's arguments: inputs of the plan, whole or a run of rows, and
results of tasks with a smaller index. Views and literals are copied into every task that reads them, so that a view
never crosses the border of a task. Plans are made by planner.py and checked by checks.py.

Source: work and span after R. D. Blumofe, C. E. Leiserson, Scheduling multithreaded computations by work stealing,
JACM 46(5), 1999.
Limits: seconds are estimates (see cost.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from ...graph.graph import Graph
from ...ops.core.types import ValueType
from ..machine.cost import Machine


@dataclass(frozen=True, slots=True)
class PlanInput:
    """An argument that is an input of the plan.

    Arguments:
        index: which input.
        rows: the rows of it that are wanted, from and to; None for all of it.
    """

    index: int
    rows: tuple[int, int] | None = None

    def of(self, values: Sequence[Any]) -> Any:
        """The argument, from the values of the plan's inputs."""
        value = values[self.index]
        return value if self.rows is None else value[self.rows[0] : self.rows[1]]


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """An argument that is a result of a task.

    Arguments:
        task: the index of the task.
        index: which of its results.
    """

    task: int
    index: int


Slot: TypeAlias = PlanInput | TaskOutput


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work, which runs in one thread.

    Arguments:
        name: for dashboards, events and notes on exceptions.
        body: what it computes.
        args: what the inputs of the body are.
        seconds: of work, estimated.
        nbytes: of its arguments.
    """

    name: str
    body: Graph
    args: tuple[Slot, ...]
    seconds: float
    nbytes: int

    def __str__(self) -> str:
        """The name, the size, the estimate, and what the task reads."""
        reads = ", ".join([_slot_text(slot) for slot in self.args]) or "nothing"
        return f"{self.name}, {len(self.body)} nodes, {in_words(self.seconds)}, reads {reads}"


SHOWN = 40
"""The tasks of a plan that its text shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Tasks in topological order; compared by identity, so that what is made from a plan can be kept beside it.

    Arguments:
        tasks: the tasks.
        inputs: the types of the inputs.
        outputs: where the results come from.
        names: of the inputs, as far as they have any.
        machine: the rates that its seconds are estimated with, corrected by what was measured; None for those of the
            executor.
        story: what was measured of earlier plans of the same graph, and what followed; "" for nothing.
    Example:
        >>> plan = bp.compile(lambda x: np.sum(np.sin(x))).plan(np.ones(3))
        >>> len(plan.tasks), plan.work > 0
        (1, True)
    """

    tasks: tuple[Task, ...]
    inputs: tuple[ValueType[Any], ...]
    outputs: tuple[Slot, ...]
    names: tuple[str, ...] = ()
    machine: Machine | None = None
    story: str = ""

    def __repr__(self) -> str:
        """A line for the plan, and one for each task: its nodes, its estimate, and what it reads."""
        times = f"work {in_words(self.work)}, span {in_words(self.span)}, parallelism {self.parallelism:.2f}"
        sizes = {"task": len(self.tasks), "input": len(self.inputs), "output": len(self.outputs)}
        counted = ", ".join([f"{count} {noun}{'s' * (count != 1)}" for noun, count in sizes.items()])
        lines = [f"Plan({counted}; {times})"]
        lines += [f"  {k}: {task}" for k, task in enumerate(self.tasks[:SHOWN])]
        hidden = len(self.tasks) - SHOWN
        return "\n".join([*lines, f"  ... and {hidden} more"] if hidden > 0 else lines)

    @property
    def work(self) -> float:
        """Seconds of all tasks together."""
        return sum([task.seconds for task in self.tasks])

    @cached_property
    def span(self) -> float:
        """Seconds of the longest way through the tasks: what is left with any number of workers."""
        ends: list[float] = []
        for task in self.tasks:
            ends.append(task.seconds + max([ends[t] for t in before(task)], default=0.0))
        return max(ends, default=0.0)

    @property
    def parallelism(self) -> float:
        """Work by span: the number of workers beyond which more are of no use."""
        return self.work / self.span if self.span else 1.0

    def input_name(self, index: int) -> str:
        """How an input is called in errors."""
        return self.names[index] if index < len(self.names) else f"input {index}"


def in_words(seconds: float) -> str:
    """Seconds in a unit that leaves few digits, as in "1.25 ms"."""
    unit, scale = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e-3)) if seconds >= s), ("us", 1e-6))
    return f"{seconds / scale:.3g} {unit}"


def _slot_text(slot: Slot) -> str:
    """As in "input 0", "input 0[3:6]", or "task 2.0", the first result of task 2."""
    if isinstance(slot, TaskOutput):
        return f"task {slot.task}.{slot.index}"
    return f"input {slot.index}" + ("" if slot.rows is None else f"[{slot.rows[0]}:{slot.rows[1]}]")


def before(task: Task) -> tuple[int, ...]:
    """The tasks whose results a task reads, each once."""
    return tuple(dict.fromkeys(slot.task for slot in task.args if isinstance(slot, TaskOutput)))
