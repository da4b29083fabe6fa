"""Who watches a context is told of the plans that run in it, and of each task of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.watching import Timed, Watch, observed, observer, timed
from backprop.scheduler.events import Recorder

X = np.linspace(0.1, 0.9, 300_000)
EXECUTORS = [bp.Serial(), bp.Threads(2)]


def loss(x: Any) -> Any:
    return np.sum(np.sin(x[::2])) * np.sum(np.exp(x[1::2]))


def watched(call: Any) -> tuple[Any, Timed]:
    results: list[Any] = []
    found = timed(lambda: results.append(call()))
    return results[0], found


def test_an_observer_is_told_in_its_block_and_no_longer() -> None:
    outer, inner = Watch(), Watch()
    with observed(outer):
        with observed(inner):
            assert observer() is inner
        assert observer() is outer
    assert observer() is None


def test_an_observer_is_told_no_longer_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 // 0)
    assert observer() is None


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_a_replay_tells_of_each_task_of_the_plan_that_it_runs(executor: bp.AbstractExecutor) -> None:
    step = bp.compile(bp.grad(loss), executor=executor)
    expected = step(X)
    for _ in range(8):  # while its plan is measured and corrected, and after that
        result, found = watched(lambda: step(X))
        np.testing.assert_array_equal(result, expected)
        assert step.traces == 1
        (seen,) = found.seen
        assert seen.graph == step.graph(X)
        assert sorted(event.name for event in seen.events) == sorted(task.name for task in seen.plan.tasks)
        assert all(found.start <= event.at <= found.start + found.seconds for event in seen.events)
        step(X)


def test_values_are_kept_where_that_is_asked_for() -> None:
    step = bp.compile(bp.grad(loss), executor="serial")
    step(X)
    assert [seen.values for seen in timed(lambda: step(X)).seen] == [()]
    ((value,),) = [seen.values for seen in timed(lambda: step(X), keeps_values=True).seen]
    np.testing.assert_array_equal(value, X)


def test_what_watches_is_told_of_replays_by_the_executor_s_recorder_too() -> None:
    recorder = Recorder()
    step = bp.compile(bp.grad(loss), executor=bp.Serial(recorder=recorder))
    step(X)
    recorder.clear()
    _, found = watched(lambda: step(X))
    assert [event for seen in found.seen for event in seen.events] == list(recorder.finished)
