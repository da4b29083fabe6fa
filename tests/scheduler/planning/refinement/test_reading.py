"""Plans in tasks that read a part of the data each: the same bits, and not too much at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing.courses import planned
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import Plan, PlanInput
from backprop.scheduler.planning.refinement.reading import refined
from backprop.scheduler.planning.target import Target

SHARDS, ROWS = 32, 100
RNG = np.random.default_rng(17)
PARTS = [RNG.normal(size=(ROWS, 20)) for _ in range(SHARDS)]
W = RNG.normal(size=20)


def loss(w: Any, *parts: Any) -> Any:
    return sum(np.mean(np.tanh(x @ w) ** 2) for x in parts)


def plan(workers: int) -> Plan:
    graph = bp.compile(bp.grad(loss), executor=bp.Serial()).graph(W, *PARTS)
    return planned(graph, Target(workers, 1e-4, Machine().slower(1e3), False), False).plan


def sizes(plan: Plan) -> tuple[tuple[int, int], ...]:
    return tuple((k, t.nbytes) for k, t in enumerate(plan.inputs) if t.nbytes == PARTS[0].nbytes)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_no_task_reads_much_more_than_the_limit(workers: int, shards: int) -> None:
    whole = plan(workers)
    found = verify_plan(refined(whole, sizes(whole), shards * PARTS[0].nbytes))
    read = [
        len({s.index for s in task.args if isinstance(s, PlanInput) and (s.index, PARTS[0].nbytes) in sizes(whole)})
        for task in found.tasks
    ]
    assert sum(read) == SHARDS
    assert max(read) <= shards
    values = [W, *PARTS] if whole.inputs[0].nbytes == W.nbytes else [*PARTS, W]
    for a, b in zip(Serial().run(found, values), Serial().run(whole, values), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    assert [task.name for task in found.tasks] == [f"bp-{k}" for k in range(len(found.tasks))]


def test_a_plan_that_reads_little_stays() -> None:
    whole = plan(4)
    assert refined(whole, sizes(whole), SHARDS * PARTS[0].nbytes) is whole


def test_each_of_many_shards_is_read_once_forward_and_back() -> None:
    """The sum of their losses is a longer chain than that of the gradients; a shard does not wait for its end."""
    parts = [RNG.normal(size=(50, 4)) for _ in range(150)]
    regression = lambda w, *parts: sum(np.mean((x @ w - np.sum(x, axis=1)) ** 2) for x in parts)  # noqa: E731
    graph = bp.compile(bp.value_and_grad(regression), executor=bp.Serial()).graph(np.ones(4), *parts)
    whole = planned(graph, Target(2, 1e-2, Machine(), False), False).plan
    data = [k for k, t in enumerate(whole.inputs) if t.nbytes == parts[0].nbytes]
    found = verify_plan(refined(whole, tuple((k, parts[0].nbytes) for k in data), 2 * parts[0].nbytes))
    readers = [[k for k, task in enumerate(found.tasks) if PlanInput(i) in task.args] for i in data]
    assert [len(each) for each in readers] == [1] * len(parts)
    assert len(found.tasks) > len(parts) // 2
