"""Plan -> stages, where a plan has host-pinned tasks: parallel, host-pinned, parallel work ..., each a plan of its own.

Host-pinned tasks run in the thread that asks, one after the other in their order, and so never leave its process. What
a stage hands to later ones comes back to that process in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ...ops.core.cache import cached
from ...ops.core.op import Kind
from ...ops.core.types import ValueType
from .host_pinned import stage_numbers
from .plan import Plan, PlanInput, Slot, Task, TaskOutput, before

Run: TypeAlias = Callable[[Plan, Sequence[Any]], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A part of a plan.

    Arguments:
        plan: the part, as a plan.
        is_pinned: whether its tasks are host-pinned.
        inputs: the slots of the whole that its inputs are.
        outputs: the slots of the whole that its outputs are.
    """

    plan: Plan
    is_pinned: bool
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]


def run_staged(plan: Plan, values: Sequence[Any], run: Run, run_pinned: Run) -> tuple[Any, ...]:
    """The results of a plan.

    Arguments:
        plan: the plan.
        values: of its inputs, after entry.
        run: runs a plan without host-pinned tasks.
        run_pinned: runs a plan of host-pinned tasks, in this thread.
    """
    parts = stages(plan)
    if not parts:
        return run(plan, values)
    held: dict[Slot, Any] = {PlanInput(k): value for k, value in enumerate(values)}
    for stage in parts:
        results = (run_pinned if stage.is_pinned else run)(stage.plan, [held[slot] for slot in stage.inputs])
        held.update(zip(stage.outputs, results, strict=True))
    return tuple([held[slot] for slot in plan.outputs])


def is_host_pinned(task: Task) -> bool:
    """Whether a task holds a host-pinned node."""
    return any(node.op.kind is Kind.HOST_PINNED for node in task.body.nodes)


@cached()
def stages(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan; none where it has no host-pinned task."""
    pinned = [is_host_pinned(task) for task in plan.tasks]
    if not any(pinned):
        return ()
    chosen: dict[tuple[int, bool], list[int]] = {}
    for index, stage in enumerate(stage_numbers([before(task) for task in plan.tasks], pinned)):
        chosen.setdefault((stage, pinned[index]), []).append(index)
    return tuple(_stage(plan, chosen[key], key[1]) for key in sorted(chosen))


def _stage(plan: Plan, chosen: Sequence[int], is_pinned: bool) -> Stage:
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
    return Stage(Plan(tasks, types, tuple(map(moved, outputs))), is_pinned, tuple(inputs), outputs)


def _type(plan: Plan, slot: Slot) -> ValueType[Any]:
    if isinstance(slot, TaskOutput):
        return plan.tasks[slot.task].body.output_types[slot.index]
    return plan.inputs[slot.index]
