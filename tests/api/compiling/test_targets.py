"""Plans are for targets: executors alike share them, one that changes gets a new one, and none is kept alive."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing.courses import plan_of
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.target import Target


class Wide(bp.Serial):
    """Plans for a width that changes, as a cluster's does, and tells what it has run."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self.ran: list[Plan] = []
        self.width = workers

    @property
    def target(self) -> Target:
        return super().target._replace(workers=self.width)

    def replayed(self, plan: Plan) -> Any:
        def run(executor: Wide, values: Any) -> Any:
            executor.ran.append(plan)
            return executor.run(plan, values)

        return run


X = np.linspace(0.0, 1.0, 200_000)


def branches(x: Any) -> Any:
    total = np.sum(np.sin(np.exp(x)))
    for k in range(1, 4):
        total = total + np.sum(np.sin(np.exp(x * k)) * np.cos(x))
    return total


def test_equal_targets_share_a_plan() -> None:
    graph = bp.compile(branches).graph(X)
    assert plan_of(bp.Threads(2), graph) is plan_of(bp.Threads(2), graph)
    assert plan_of(bp.Threads(2), graph) is plan_of(bp.Auto(2), graph)
    assert plan_of(bp.Threads(2), graph) is not plan_of(bp.Threads(3), graph)
    assert bp.Threads(2).target == bp.Threads(2).target != bp.Threads(3).target


@pytest.mark.parametrize("steers", [False, True])
def test_a_compiled_function_gets_a_new_plan_when_the_target_changes(steers: bool) -> None:
    def loss(x: Any) -> Any:
        return branches(x) if not steers or x[0] < 1.0 else x

    executor = Wide(1)
    f = bp.compile(bp.grad(loss), executor=executor)
    for width in (1, 1, 4, 4, 1):
        executor.width = width
        f(X)
        executor.ran, used = [], executor.ran
        assert used
        assert used[-1] is plan_of(executor, f.graph(X))
        assert (len(used[-1].tasks) > 1) == (width > 1)


@pytest.mark.parametrize("make", [bp.Serial, lambda: bp.Threads(2), lambda: bp.Auto(2), lambda: Wide(2)])
def test_no_executor_is_kept_alive(make: Any) -> None:
    executor = make()
    gone = weakref.ref(executor)
    f = bp.compile(bp.grad(branches))
    with bp.use(executor):
        for _ in range(3):
            f(X)
            bp.grad(branches)(X)
            bp.explain(branches, X)
    del executor
    gc.collect()
    assert gone() is None
    assert f(X).shape == X.shape
