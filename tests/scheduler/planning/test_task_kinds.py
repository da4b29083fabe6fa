"""What tasks mostly do, of plans that verbs make."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing.courses import planned
from backprop.graph.graph import Graph
from backprop.scheduler.lower import PICK, task_of
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.target import Target
from backprop.scheduler.planning.task_kinds import TaskKind, task_kinds

X, Y = np.ones((4096, 30)), np.ones((4096, 20))
W = np.ones((30, 20))


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((np.tanh(x @ w) - y) ** 2)


SHARDED = bp.minibatch(loss, (1, 2))


def step(w: Any, x: Any, y: Any) -> Any:
    return w - 0.1 * bp.grad(SHARDED)(w, x, y)


def graph_of(f: Any) -> Graph:
    return bp.compile(f, executor=bp.Serial()).graph(W, X, Y)


def plan_of(f: Any) -> Plan:
    machine = replace(Machine().slower(1e4), link_bytes_per_s=1e9)
    return planned(graph_of(f), Target(4, 1e-4, machine, False), False).plan


def kinds(f: Any) -> Counter[TaskKind]:
    return Counter(task_kinds(plan_of(f)))


def test_a_value_is_forward() -> None:
    assert set(kinds(SHARDED)) == {TaskKind.FORWARD}


def test_shards_of_a_gradient_are_backward_and_their_sum_is_a_reduction() -> None:
    found = kinds(bp.grad(SHARDED))
    assert set(found) <= {TaskKind.BACKWARD, TaskKind.REDUCTION}
    assert found[TaskKind.BACKWARD] >= 4


def test_what_is_done_with_a_gradient_is_an_update() -> None:
    (kind,) = task_kinds(planned(update(), Target(1, 0.0, Machine()), False).plan)
    assert kind is TaskKind.BACKWARD  # all in one task
    assert set(kinds(step)) <= {TaskKind.BACKWARD, TaskKind.REDUCTION, TaskKind.UPDATE}
    assert kinds(step)[TaskKind.BACKWARD] >= 4
    assert kinds(step)[TaskKind.UPDATE] + kinds(step)[TaskKind.REDUCTION] >= 1


def update() -> Graph:
    return graph_of(step)


@pytest.mark.parametrize(
    ("key", "index"),
    [
        (("bp-fwd-00", 3), 3),
        (("bp-reduce-00", 0), 0),
        ((f"{PICK}-00", 2, 1), 2),
        (("bp-const-00", 0), None),
        (("array-00", 1), None),
        ("bp-fwd", None),
        ((1, 2), None),
    ],
)
def test_keys_name_tasks(key: Any, index: int | None) -> None:
    assert task_of(key) == index
