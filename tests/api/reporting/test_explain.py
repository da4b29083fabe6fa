"""explain describes the plan that runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.planning.plan import Plan


class Kept(bp.Serial):
    """Serial, with the plans that ran."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[Plan] = []

    def run(self, plan: Plan, values: Any) -> tuple[Any, ...]:
        self.plans.append(plan)
        return super().run(plan, values)


def steered(x: Any) -> Any:
    y = np.exp(np.sin(x) * 3.0)
    return y * 2.0 if y > 1.0 else y - 1.0


@pytest.mark.parametrize("f", [steered, lambda x: np.sin(x) * 2.0])
def test_explain_tells_of_the_plan_that_runs_where_values_steer(f: Any) -> None:
    executor = Kept()
    bp.evaluate(f, executor)(0.5)
    nodes = sum(len(task.body) for plan in executor.plans for task in plan.tasks)
    assert f"{nodes} nodes in " in str(bp.explain(f, 0.5, executor=executor)).splitlines()[0]
