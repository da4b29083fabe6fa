"""Whether a plan is well formed: each argument of a task comes from an input or an earlier task, and its type fits."""

from __future__ import annotations

from typing import Any

from ...errors import PlanError
from ...ops.core.types import ArrayType, ValueType
from .plan import Plan, Slot, TaskOutput
from .row_cuts import rows_type


def require(condition: bool, what: str) -> None:
    """Raise PlanError with a message unless a condition holds."""
    if not condition:
        raise PlanError(what)


def verify_plan(plan: Plan) -> Plan:
    """The plan itself, if it is well formed.

    Arguments:
        plan: the plan.
    Returns:
        the same plan.
    Errors:
        PlanError: an argument that no earlier task and no input provides, or whose type does not fit.
    """
    for index, task in enumerate(plan.tasks):
        where = f"task {index} ({task.name})"
        require(len(task.args) == len(task.body.inputs), f"{where} has arguments for another number of inputs")
        for slot, t in zip(task.args, task.body.inputs, strict=True):
            got = slot_type(plan, slot, index, where)
            require(got == t, f"{where} takes {t}, but {slot} is {got}")
    for slot in plan.outputs:
        slot_type(plan, slot, len(plan.tasks), "the plan")
    return plan


def slot_type(plan: Plan, slot: Slot, limit: int, where: str) -> ValueType[Any]:
    """The type of what a slot holds.

    Arguments:
        plan: the plan.
        slot: the slot.
        limit: the tasks below this index may be read.
        where: who reads it, for errors.
    Returns:
        its type.
    Errors:
        PlanError: a slot that nothing provides.
    """
    if isinstance(slot, TaskOutput):
        require(0 <= slot.task < limit, f"{where} reads task {slot.task}, which does not come before it")
        body = plan.tasks[slot.task].body
        there = 0 <= slot.index < len(body.outputs)
        require(there, f"{where} reads result {slot.index} of task {slot.task}: there is none")
        return body.type_of(body.outputs[slot.index])
    require(0 <= slot.index < len(plan.inputs), f"{where} reads input {slot.index}, which does not exist")
    t = plan.inputs[slot.index]
    if slot.rows is not None:
        fits = isinstance(t, ArrayType) and t.shape and 0 <= slot.rows[0] <= slot.rows[1] <= t.shape[0]
        require(bool(fits), f"{where} reads rows {slot.rows} of input {slot.index}, which is {t}")
    return rows_type(t, slot.rows)
