from __future__ import annotations

import numpy as np
import pytest

from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.planning.plan import Task
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand, shards

F8 = np.dtype("float64")
MATRIX = array_type((6, 4), F8)


def test_work_span_and_parallelism() -> None:
    plan = make_plan(*shards(2, 3))
    a, b, c = (task.seconds for task in plan.tasks)
    assert plan.work == pytest.approx(a + b + c)
    assert plan.span == pytest.approx(a + c)
    assert plan.parallelism == pytest.approx(plan.work / plan.span)


def test_tasks_are_values() -> None:
    one, two = make_plan(*shards(2, 3)), make_plan(*shards(2, 3))
    assert one.tasks == two.tasks
    assert isinstance(one.tasks[0], Task)


def test_a_plan_prints_as_a_line_for_itself_and_one_for_each_task() -> None:
    whole, *tasks = repr(make_plan(*shards(2, 3))).splitlines()
    assert whole.startswith("Plan(3 tasks, 1 input, 1 output; work ")
    assert [line.split(", ")[0] for line in tasks] == ["  0: bp-0", "  1: bp-1", "  2: bp-2"]
    assert tasks[1].endswith("reads input 0[3:6]")
    assert tasks[2].endswith("reads task 0.0, task 1.0")


def test_a_long_plan_prints_cut() -> None:
    hand = Hand(*[MATRIX] * 50)
    ids = [hand(sin, k) for k in range(50)]
    text = repr(make_plan(hand.graph(*ids), tuple((i,) for i in ids)))
    assert len(text.splitlines()) == 42
    assert text.endswith("... and 10 more")
