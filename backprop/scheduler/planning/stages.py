"""Plan -> stages, where a plan has local tasks: parallel work, local work, parallel work ..., each a plan of its own.

Local tasks run in the thread that asks, one after the other in their order, and so never leave its process. What a
stage hands to later ones comes back to that process in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from ...ops.core.op import Kind
from ...ops.core.types import ValueType
from .plan import Plan, PlanInput, Slot, Task, TaskOutput

Run: TypeAlias = Callable[[Plan, Sequence[Any]], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A part of a plan.

    Arguments:
        plan: the part, as a plan.
        local: whether its tasks are local.
        inputs: the slots of the whole that its inputs are.
        outputs: the slots of the whole that its outputs are.
    """

    plan: Plan
    local: bool
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]


def run_staged(plan: Plan, values: Sequence[Any], run: Run, run_local: Run) -> tuple[Any, ...]:
    """The results of a plan.

    Arguments:
        plan: the plan.
        values: of its inputs, after entry.
        run: runs a plan without local tasks.
        run_local: runs a plan of local tasks, in this thread.
    """
    parts = stages(plan)
    if not parts:
        return run(plan, values)
    known: dict[Slot, Any] = {PlanInput(k): value for k, value in enumerate(values)}
    for stage in parts:
        results = (run_local if stage.local else run)(stage.plan, [known[slot] for slot in stage.inputs])
        known.update(zip(stage.outputs, results, strict=True))
    return tuple([known[slot] for slot in plan.outputs])


def is_local(task: Task) -> bool:
    """Whether a task holds a local node."""
    return any(node.op.kind is Kind.LOCAL for node in task.body.nodes)


@lru_cache(maxsize=256)
def stages(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan; none where it has no local task."""
    local = [is_local(task) for task in plan.tasks]
    if not any(local):
        return ()
    chosen: dict[tuple[int, bool], list[int]] = {}
    for index, level in enumerate(_levels(plan, local)):
        chosen.setdefault((level, local[index]), []).append(index)
    return tuple(_stage(plan, chosen[key], key[1]) for key in sorted(chosen))


def _levels(plan: Plan, local: Sequence[bool]) -> list[int]:
    """How often, before each task, a run has to come back from parallel to local tasks."""
    levels: list[int] = []
    latest = 0
    for index, task in enumerate(plan.tasks):
        before = [slot.task for slot in task.args if isinstance(slot, TaskOutput)]
        level = max([levels[t] + (local[t] and not local[index]) for t in before], default=0)
        latest = max(latest, level) if local[index] else latest
        levels.append(latest if local[index] else level)
    return levels


def _stage(plan: Plan, chosen: Sequence[int], local: bool) -> Stage:
    number = {index: n for n, index in enumerate(chosen)}
    inputs: dict[Slot, int] = {}

    def moved(slot: Slot) -> Slot:
        if isinstance(slot, TaskOutput):
            if slot.task in number:
                return TaskOutput(number[slot.task], slot.index)
            return PlanInput(inputs.setdefault(slot, len(inputs)))
        return PlanInput(inputs.setdefault(PlanInput(slot.index), len(inputs)), slot.rows)

    tasks = tuple(replace(plan.tasks[k], args=tuple(map(moved, plan.tasks[k].args))) for k in chosen)
    rest = [task.args for k, task in enumerate(plan.tasks) if k not in number]
    wanted = dict.fromkeys(slot for slots in (*rest, plan.outputs) for slot in slots)
    outputs = tuple(slot for slot in wanted if isinstance(slot, TaskOutput) and slot.task in number)
    types = tuple(_type(plan, slot) for slot in inputs)
    return Stage(Plan(tasks, types, tuple(map(moved, outputs))), local, tuple(inputs), outputs)


def _type(plan: Plan, slot: Slot) -> ValueType[Any]:
    if isinstance(slot, TaskOutput):
        return plan.tasks[slot.task].body.output_types[slot.index]
    return plan.inputs[slot.index]
