"""What a task mostly does, as a word of a small vocabulary: for the names under which dashboards show tasks.

A node is a part of the derivative where its line says so, or where it adds up contributions. By this alone: a task that
mostly adds up contributions is a reduction; one that reads cotangents and computes something else with them, as the
update of parameters does, is an update; any other that holds a part of the derivative is backward, also where it goes
forward first, as the task of a shard does; the rest is forward.
"""

from __future__ import annotations

from enum import Enum

from ...graph.graph import Graph, Node, literal
from ...graph.subgraph import live
from ...ops.arrays.accumulate import accumulate, accumulate_values
from ...ops.core.cache import cached
from ...ops.core.op import Kind
from .plan import Plan, TaskOutput


class TaskKind(Enum):
    """What a task mostly does, and its word."""

    FORWARD = "bp-fwd"
    BACKWARD = "bp-bwd"
    REDUCTION = "bp-reduce"
    UPDATE = "bp-update"


@cached()
def task_kinds(plan: Plan) -> tuple[TaskKind, ...]:
    """The kind of each task of a plan."""
    found: list[TaskKind] = []
    marks: list[list[bool]] = []  # for each task, of each result, whether it is a cotangent
    for task in plan.tasks:
        read = [isinstance(slot, TaskOutput) and marks[slot.task][slot.index] for slot in task.args]
        flags = [*read, *map(is_derivative, task.body.nodes)]
        marks.append([flags[i] for i in task.body.outputs])
        found.append(_kind(task.body, flags))
    return tuple(found)


def is_derivative(node: Node) -> bool:
    """Whether a node is a part of a derivative."""
    return _adds_up(node) or (node.source is not None and node.source.derivative)


def _kind(body: Graph, flags: list[bool]) -> TaskKind:
    work = [
        i for i, node in enumerate(body.nodes, body.first) if node.op is not literal and node.op.kind is not Kind.VIEW
    ]
    sums = [i for i in work if _adds_up(body.node(i))]
    if 2 * _nbytes(body, sums) > _nbytes(body, work):
        return TaskKind.REDUCTION
    others = [i for i in work if flags[i] and i not in sums]
    if not others and _uses_cotangents(body, flags):
        return TaskKind.UPDATE
    return TaskKind.BACKWARD if others or sums else TaskKind.FORWARD


def _uses_cotangents(body: Graph, flags: list[bool]) -> bool:
    alive = live(body)
    return any(
        [
            alive[i] and not flags[i] and any([flags[j] for j in node.inputs])
            for i, node in enumerate(body.nodes, body.first)
        ]
    )


def _adds_up(node: Node) -> bool:
    return node.op is accumulate or node.op is accumulate_values


def _nbytes(body: Graph, ids: list[int]) -> int:
    """The bytes that nodes read and write."""
    return sum([body.type_of(i).nbytes + sum([body.type_of(j).nbytes for j in body.node(i).inputs]) for i in ids])
