"""A plan whose tasks are cut further. The nodes stay as they are, and so do the bits.

Limits: a task that reads rows of other tasks' results stays whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ....graph.graph import Graph
from ...machine.cost import free_nodes
from ..host_pinned import Groups
from ..plan import Plan, PlanInput, Slot, Task, TaskOutput
from ..planner import make_plan


class Cut(NamedTuple):
    """How a task is cut.

    Arguments:
        body: of the task, its nodes in any topological order.
        groups: of the nodes of that.
    """

    body: Graph
    groups: Groups


Cutter: TypeAlias = Callable[[Task], Cut | None]
"""A task -> how it is cut; None for not at all."""


def recut(plan: Plan, cutter: Cutter) -> Plan:
    """A plan with some tasks cut into several.

    Arguments:
        plan: the plan, without host-pinned tasks.
        cutter: says how each task is cut.
    Returns:
        the plan itself where none is.
    """
    tasks: list[Task] = []
    where: dict[Slot, Slot] = {}  # of results in the plan, in the new one
    for index, task in enumerate(plan.tasks):
        moved = replace(task, args=tuple([where.get(slot, slot) for slot in task.args]))
        parts = _parts(moved, cutter(moved), len(tasks))
        tasks += parts.tasks
        where.update({TaskOutput(index, k): slot for k, slot in enumerate(parts.outputs)})
    if len(tasks) == len(plan.tasks):
        return plan
    named = tuple([replace(task, name=f"bp-{k}") for k, task in enumerate(tasks)])
    outputs = tuple([where.get(slot, slot) for slot in plan.outputs])
    return replace(plan, tasks=named, outputs=outputs)


def _parts(task: Task, cut: Cut | None, first: int) -> Plan:
    """The tasks that a task becomes, and where its results are, as slots of the plan in the making.

    Arguments:
        task: the task.
        cut: how it is cut.
        first: the index of the first of them.
    """
    whole = Plan((task,), (), tuple([TaskOutput(first, k) for k in range(len(task.body.outputs))]))
    if cut is None:
        return whole
    made = make_plan(cut.body, cut.groups)
    if len(made.tasks) < 2 or any([_cuts_a_result(task, slot) for part in made.tasks for slot in part.args]):
        return whole
    move = _moved(task, first)
    tasks = tuple([replace(part, args=tuple(map(move, part.args))) for part in made.tasks])
    return Plan(tasks, (), tuple(map(move, made.outputs)))


def inputs_read(body: Graph, counted: Mapping[int, int]) -> list[set[int]]:
    """For each id which inputs of a body it reads, through views.

    Arguments:
        body: the body.
        counted: for those inputs that count, by what they are called in the result.
    """
    free = free_nodes(body)
    read = [{counted[k]} if k in counted else set[int]() for k in range(body.first)]
    for node in body.nodes:
        read.append(set[int]().union(*[read[j] for j in node.inputs if j < body.first or free[j]]))
    return read


def _cuts_a_result(task: Task, slot: Slot) -> bool:
    return isinstance(slot, PlanInput) and slot.rows is not None and not isinstance(task.args[slot.index], PlanInput)


def _moved(task: Task, first: int) -> Callable[[Slot], Slot]:
    """From slots of the plan of a body to slots of the whole."""

    def move(slot: Slot) -> Slot:
        if isinstance(slot, TaskOutput):
            return TaskOutput(first + slot.task, slot.index)
        outer = task.args[slot.index]
        if slot.rows is None or not isinstance(outer, PlanInput):
            return outer
        start = outer.rows[0] if outer.rows is not None else 0
        return PlanInput(outer.index, (start + slot.rows[0], start + slot.rows[1]))

    return move
