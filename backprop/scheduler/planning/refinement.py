"""Tasks that read too much at once are cut into several, which read a part each: for data larger than memory.

The body of such a task is put in the order of branches and cut where it would read too much more: so a run holds some
shards of a batch, forward and back. The nodes stay as they are, and so do the bits.

Limits: a task that reads rows of other tasks' results stays whole, and so does one node that reads too much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ...graph.graph import Graph
from ...graph.passes.branch_order import order_by_branch
from ...ops.core.cache import cached
from ..machine.cost import Machine, free_nodes
from .host_pinned import Groups
from .partitioning.cuts import cut_runs
from .partitioning.makespan import Overhead
from .partitioning.work import Work, compact, priced, start_times
from .plan import Plan, PlanInput, Slot, Task, TaskOutput
from .planner import make_plan

SHORT = Overhead(1e-2, 0.0)
"""What ends soon after the start, and is read by most runs, is apart from all; see cuts.py."""


@cached()
def refined(plan: Plan, nbytes: tuple[tuple[int, int], ...], limit: int) -> Plan:
    """A plan whose tasks read no more than about so many bytes each, as far as they can be cut.

    Arguments:
        plan: the plan, without host-pinned tasks.
        nbytes: the inputs that count, with their bytes.
        limit: bytes of these that a task is to read, at most.
    """
    sizes = dict(nbytes)
    tasks: list[Task] = []
    where: dict[Slot, Slot] = {}  # of results in the plan, in the refined one
    for index, task in enumerate(plan.tasks):
        moved = replace(task, args=tuple([where.get(slot, slot) for slot in task.args]))
        parts = _parts(moved, sizes, limit, len(tasks))
        tasks += parts.tasks
        where.update({TaskOutput(index, k): slot for k, slot in enumerate(parts.outputs)})
    if len(tasks) == len(plan.tasks):
        return plan
    named = tuple([replace(task, name=f"bp-{k}") for k, task in enumerate(tasks)])
    return Plan(named, plan.inputs, tuple([where.get(slot, slot) for slot in plan.outputs]), plan.names)


def _read(task: Task, sizes: Mapping[int, int]) -> dict[int, int]:
    """For each input of a task's body that counts, or is some rows of one, which input of the plan that is."""
    indices = {k: slot.index for k, slot in enumerate(task.args) if isinstance(slot, PlanInput)}
    return {k: index for k, index in indices.items() if index in sizes}


def _parts(task: Task, sizes: Mapping[int, int], limit: int, first: int) -> Plan:
    """The tasks that a task becomes, and where its results are, as slots of the plan in the making.

    Arguments:
        task: the task.
        sizes: the inputs of the plan that count, with their bytes.
        limit: bytes of these that a task is to read, at most.
        first: the index of the first of them.
    """
    whole = Plan((task,), (), tuple([TaskOutput(first, k) for k in range(len(task.body.outputs))]))
    read = _read(task, sizes)
    if sum([sizes[k] for k in set(read.values())]) <= limit:
        return whole
    body = order_by_branch(task.body)
    cut = make_plan(body, _groups(body, read, sizes, limit))
    if len(cut.tasks) < 2 or any([_cuts_a_result(task, slot) for part in cut.tasks for slot in part.args]):
        return whole
    move = _moved(task, first)
    tasks = tuple([replace(part, args=tuple(map(move, part.args))) for part in cut.tasks])
    return Plan(tasks, (), tuple(map(move, cut.outputs)))


def _groups(body: Graph, read: Mapping[int, int], sizes: Mapping[int, int], limit: int) -> Groups:
    work = compact(body, priced(body, Machine()))
    groups = cut_runs(work, _runs(work, _inputs_read(body, read), sizes, limit), start_times(work), SHORT)
    return tuple(tuple([work.ids[k] for k in group]) for group in groups)


def _runs(work: Work, read: Sequence[set[int]], sizes: Mapping[int, int], limit: int) -> list[int]:
    """The run of each item: a new one begins with the item that would read too much more."""
    runs: list[int] = []
    run, inside = 0, set[int]()
    for i in work.ids:
        new = read[i] - inside
        if new and inside and sum([sizes[k] for k in inside | new]) > limit:
            run, inside = run + 1, set()
        inside |= read[i]
        runs.append(run)
    return runs


def _inputs_read(body: Graph, counted: Mapping[int, int]) -> list[set[int]]:
    """For each id the inputs of the plan that count which it reads, through views."""
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
