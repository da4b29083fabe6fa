from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from backprop.scheduler.calibration import Clock, _cache, calibrate, refined
from backprop.scheduler.events import Event, Recorder, TaskFinished
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import branches


def ones(count: int, n: int) -> list[NDArray[Any]]:
    return [np.full(n, 0.5) for _ in range(count)]


def plan_with(machine: Machine) -> Plan:
    graph = branches(4, 10, 100)
    return make_plan(graph, partition(graph, 1, 0.0, machine), machine)


def finished(task: int, seconds: float, error: str = "") -> Event:
    return TaskFinished(task, "task", "worker", 0.0, seconds, error)


def test_it_measures_every_rate() -> None:
    machine = calibrate(Clock(0.0001, 3))
    assert all(0 < rate < float("inf") for rate in asdict(machine).values())
    measured = {name for name, rate in asdict(machine).items() if rate != getattr(Machine(), name)}
    assert measured >= set(asdict(machine)) - {"link_bytes_per_s", "cache_bytes"}


def test_a_clock_gives_the_best_round() -> None:
    calls: list[None] = []
    assert 0 < Clock(1e-9, 5).seconds(lambda: calls.append(None)) < 1
    assert len(calls) == 2 + 3


@pytest.mark.parametrize(("text", "expected"), [("1024K\n", 2.0**20), ("", Machine().cache_bytes), ("x", 5e5)])
def test_the_cache_is_as_large_as_linux_says(text: str, expected: float, tmp_path: Path) -> None:
    path = tmp_path / "size"
    path.write_text(text)
    assert _cache(path) == expected
    assert _cache(tmp_path / "missing") == Machine().cache_bytes


def test_refined_rates_predict_what_was_measured() -> None:
    plan = plan_with(Machine())
    (task,) = plan.tasks
    better = refined(Machine(), plan, [finished(0, 3 * task.seconds), finished(0, 5 * task.seconds)])
    assert plan_with(better).tasks[0].seconds == pytest.approx(3 * task.seconds)


def test_failed_tasks_and_no_tasks_refine_nothing() -> None:
    plan = plan_with(Machine())
    assert refined(Machine(), plan, [finished(0, 9.0, "ValueError")]) == Machine()
    assert refined(Machine(), plan, []) == Machine()


def test_a_run_refines() -> None:
    recorder, plan = Recorder(), plan_with(Machine())
    Serial(recorder=recorder).run(plan, ones(4, 100))
    assert refined(Machine(), plan, recorder.events) != Machine()


def test_the_rates_change_no_bit() -> None:
    graph = branches(4, 200, 1000)
    fast, slow = Machine().slower(1e-4), Machine().slower(1e4)
    plans = [make_plan(graph, partition(graph, 2, machine.task_s, machine), machine) for machine in (fast, slow)]
    one, many = (Serial().run(plan, ones(4, 1000)) for plan in plans)
    assert [len(plan.tasks) > 1 for plan in plans] == [False, True]
    assert one[0].tobytes() == many[0].tobytes()
