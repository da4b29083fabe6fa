"""A run that is stopped ends before its next op, on every executor, and the executor goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import StoppedError
from backprop.ops.core.stopping import Stop, stoppable
from backprop.scheduler.executors.cluster.runs import STOPS
from tests.waiting import until

X = np.linspace(0.0, 1.0, 50)


def ops_of(folder: Path) -> tuple[Any, Any]:
    """An op that says that it runs and waits until it may go on, and one that says that it ran."""

    @bp.op(like=0, seconds=1.0)
    def first(x: Any) -> Any:
        (folder / "running").touch()
        until((folder / "go").exists)
        (folder / "first").touch()
        return x

    @bp.op(like=0, seconds=1.0)
    def second(x: Any) -> Any:
        (folder / "second").touch()
        return x

    return first, second


def was_told() -> bool:
    """Whether this worker has heard that one of its runs is to stop."""
    return any(stop.error is not None for stop in list(STOPS._found.values()))


@pytest.mark.parametrize("looped", [False, True], ids=["straight", "loop"])
def test_no_op_starts_after_a_run_was_stopped(executor: bp.AbstractExecutor, tmp_path: Path, looped: bool) -> None:
    first, second = ops_of(tmp_path)

    def f(x: Any) -> Any:
        if looped:
            return bp.scan(lambda carry, row: (second(first(carry)), row), x, np.ones(5))[0]
        return np.sum(second(first(x) * 2.0))

    stop = Stop()

    def run() -> Any:
        with stoppable(stop):
            return bp.evaluate(f, executor=executor)(X)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        until((tmp_path / "running").exists)
        stop.stop(StoppedError("enough"))
        if isinstance(executor, bp.Cluster):
            with pytest.raises(StoppedError):  # at once, whatever the workers do
                running.result(60)
            until(lambda: any(executor.client.run(was_told).values()))
        (tmp_path / "go").touch()
        with pytest.raises(StoppedError):
            running.result(60)
    until((tmp_path / "first").exists)
    assert bp.evaluate(lambda x: np.sum(x), executor=executor)(X) == np.sum(X)
    assert not (tmp_path / "second").exists()


def test_ops_of_the_package_are_not_started_either() -> None:
    stop = Stop()

    @bp.op(like=0)
    def tells(x: Any) -> Any:
        stop.stop(StoppedError("enough"))
        return x

    def f(x: Any) -> Any:
        y = tells(x)
        for _ in range(4):
            y = np.cos(y @ x)
        return np.linalg.inv(y * 0.0)  # would raise, if it ran

    with stoppable(stop), pytest.raises(StoppedError, match="enough"):
        bp.evaluate(f, executor=bp.Serial())(np.ones((400, 400)))


@pytest.mark.filterwarnings("ignore:this line makes:backprop.errors.LongLoopWarning")
def test_a_long_graph_that_runs_for_the_first_time() -> None:
    stop, calls = Stop(), []

    @bp.op(like=0)
    def tells(x: Any) -> Any:
        calls.append(1)
        stop.stop(StoppedError("enough"))
        return x

    def f(x: Any) -> Any:
        y = tells(x)
        for k in range(6000):
            y = np.sin(y) * float(k)
        return tells(y)

    with stoppable(stop), pytest.raises(StoppedError, match="enough"):
        bp.evaluate(f, executor=bp.Serial())(X)
    assert len(calls) == 1
