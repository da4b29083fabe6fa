"""A plan with host-pinned tasks runs stage by stage: these here, parallel ones elsewhere, each once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from backprop.graph.graph import Graph
from backprop.scheduler.executors.inline import run_inline
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.planning.stages import is_host_pinned, run_staged, stages
from tests.scheduler.graphs import branches, meaning
from tests.scheduler.planning.test_host_pinned import chain, graphs

X, Y = np.linspace(0.0, 1.0, 16).reshape(4, 4), np.linspace(1.0, 2.0, 16).reshape(4, 4)


def planned(graph: Graph) -> Plan:
    return make_plan(graph, partition(graph, 2, 1e-9))


def inline(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
    return run_inline(plan, values, None)


def test_a_plan_without_host_pinned_tasks_has_no_stages() -> None:
    plan = planned(branches(2, 4, 50_000))
    assert stages(plan) == ()
    assert run_staged(plan, [1, 2], lambda plan, values: (plan, *values), inline) == (plan, 1, 2)


def test_parallel_and_host_pinned_stages_take_turns() -> None:
    parts = stages(planned(chain()))
    assert [part.is_pinned for part in parts] == [False, True, False, True, False]
    assert all(is_host_pinned(task) is part.is_pinned for part in parts for task in part.plan.tasks)
    assert [stages(part.plan) for part in parts if not part.is_pinned] == [(), (), ()]
    for part in parts:
        verify_plan(part.plan)


def test_host_pinned_tasks_run_here_and_others_elsewhere() -> None:
    ran: list[tuple[str, int]] = []

    def away(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        ran.append(("away", len(plan.tasks)))
        return inline(plan, values)

    def here(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        ran.append(("here", len(plan.tasks)))
        return inline(plan, values)

    (got,) = run_staged(planned(chain()), [X, Y], away, here)
    np.testing.assert_array_equal(got, meaning(chain(), X, Y)[0])
    assert [where for where, _ in ran] == ["away", "here", "away", "here", "away"]


@given(graphs())
def test_the_results_are_those_of_the_whole(graph: Graph) -> None:
    plan = planned(graph)
    for got, want in zip(run_staged(plan, [X, Y], inline, inline), meaning(graph, X, Y), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_failing_stage_ends_the_run() -> None:
    def broken(plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_staged(planned(chain()), [X, Y], inline, broken)
