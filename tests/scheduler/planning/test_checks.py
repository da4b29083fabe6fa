from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backprop.errors import PlanError
from backprop.ops.core.types import array_type
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import Plan, PlanInput, TaskOutput
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import shards

F8 = np.dtype("float64")
MATRIX = array_type((6, 4), F8)


def with_args(plan: Plan, index: int, *args: PlanInput | TaskOutput) -> Plan:
    tasks = list(plan.tasks)
    tasks[index] = replace(tasks[index], args=args)
    return Plan(tuple(tasks), plan.inputs, plan.outputs)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((TaskOutput(2, 0), TaskOutput(1, 0)), "reads task 2, which does not come before it"),
        ((TaskOutput(0, 1), TaskOutput(1, 0)), "reads result 1 of task 0: there is none"),
        ((PlanInput(3), TaskOutput(1, 0)), "reads input 3, which does not exist"),
        ((PlanInput(0, (5, 9)), TaskOutput(1, 0)), r"reads rows \(5, 9\) of input 0"),
        ((PlanInput(0), TaskOutput(1, 0)), "takes float64, but"),
        ((TaskOutput(1, 0),), "another number of inputs"),
    ],
)
def test_ill_formed_plans_are_found(args: tuple[PlanInput | TaskOutput, ...], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        verify_plan(with_args(make_plan(*shards(2, 3)), 2, *args))
