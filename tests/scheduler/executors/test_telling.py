"""A user at a terminal sees how many tasks of a plan are done, where it takes more than a second; else nothing runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors import telling
from backprop.scheduler.executors.cluster import reporting
from backprop.scheduler.executors.cluster.runs import DONE
from backprop.scheduler.lower import new_token
from backprop.scheduler.patience.waiting import Told
from tests.executors import IN_THREADS, executors
from tests.waiting import told_by, until

X = np.linspace(0.0, 1.0, 50)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """What plans tell a terminal, in the order in which they began."""
    return told_by(monkeypatch, telling, reporting)


@bp.op(like=0, vjp=lambda g, out, x: g, seconds=1.0)
def heavy(x: Any) -> Any:
    """An op that is said to take a second, and takes none."""
    return x + 1.0


@bp.op(like=0, vjp=lambda g, out, x: g, seconds=1e-6)
def light(x: Any) -> Any:
    """The same, said to take no time."""
    return x + 1.0


def two(op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of two parts that may run at once."""
    return lambda x: np.sum(op(x)) + np.sum(op(x * 2.0))


@pytest.mark.parametrize("threads", [bp.Threads(2), bp.Auto(2)], ids=str)
def test_each_replay_of_a_long_plan_counts_its_tasks(told: list[Told], threads: bp.AbstractExecutor) -> None:
    step = bp.compile(two(heavy), executor=threads)
    tasks = len(step.plan(X).tasks)
    assert tasks > 1
    results = {float(step(X)) for _ in range(4)}
    assert [each.done for each in told] == 4 * [tasks]
    assert results == {float(two(heavy)(X))}


def test_a_call_that_is_not_compiled_counts_them_too(told: list[Told]) -> None:
    bp.evaluate(two(heavy), executor=bp.Threads(2))(X)
    assert [each.done > 1 for each in told] == [True]


def test_a_replay_that_is_quick_tells_nothing(told: list[Told]) -> None:
    step = bp.compile(two(light), executor=bp.Threads(2))
    for _ in range(4):
        step(X)
    assert told == []


def test_the_quick_way_of_a_quick_plan_is_that_of_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a microsecond is added to it: no function stands between."""
    threads = bp.Threads(2)
    own = threads.replayed(plan := bp.compile(two(light), executor=threads).plan(X))
    monkeypatch.setattr(bp.Threads, "replayed", lambda self, plan: own)
    assert telling.replayed(threads, plan) is own


def test_what_the_last_runs_took_decides(told: list[Told]) -> None:
    """A plan that is said to take a second and takes none is told of until its runs have been timed."""
    with bp.measured_costs():
        step = bp.compile(two(heavy), executor=bp.Threads(2))
        for _ in range(20):
            step(X)
        assert 0 < len(told) < 20
        before = len(told)
        step(X)
        assert len(told) == before


def test_a_recorder_is_told_as_well(told: list[Told]) -> None:
    recorder = Recorder()
    step = bp.compile(two(heavy), executor=bp.Threads(2, recorder=recorder))
    step(X)
    assert told[-1].done == len(recorder.finished) > 1


def test_those_who_debug_are_told_too(told: list[Told]) -> None:
    step = bp.compile(two(heavy), executor=bp.Threads(2))
    with bp.debug():
        step(X)
    assert told[-1].done == len(step.plan(X).tasks)


def test_who_is_not_at_a_terminal_gets_the_executor_itself() -> None:
    plan = bp.compile(two(heavy), executor=(threads := bp.Threads(2))).plan(X)
    with redirect_stderr(io.StringIO()), telling._telling(threads, plan) as found:
        assert found is threads


def halting(begun: Path, go: Path) -> Callable[[Any], Any]:
    """A function of two parts, of which the one that begins later waits until a file is there.

    Arguments:
        begun: a file that the other one makes.
        go: the file that is waited for.
    """

    @bp.op(like=0, seconds=1.0)
    def part(x: Any) -> Any:
        try:
            begun.touch(exist_ok=False)
        except FileExistsError:
            until(go.exists)
        return x + 1.0

    return two(part)


def opened(clusters: dict[str, bp.AbstractExecutor], name: str) -> bp.Cluster:
    """A cluster of the session, by its name."""
    if name not in clusters:
        clusters[name] = executors()[name]()
    found = clusters[name]
    assert isinstance(found, bp.Cluster)
    return found


@pytest.mark.cluster
def test_the_tasks_of_a_cluster_are_counted_while_they_run(
    told: list[Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clusters: dict[str, bp.AbstractExecutor]
) -> None:
    """By tasks of Dask in the first call, by resident runners in the second."""
    monkeypatch.setattr(reporting, "LOOK", 0.05)
    begun, go = tmp_path / "begun", tmp_path / "go"
    step = bp.compile(halting(begun, go), executor=opened(clusters, "cluster:2"))
    tasks = len(step.plan(X).tasks)
    assert tasks > 1
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            for file in (begun, go):
                file.unlink(missing_ok=True)
            told.clear()
            running = pool.submit(step, X)
            try:
                until(lambda: any(0 < each.done < tasks for each in told))
            finally:
                go.touch()
            assert running.result(60) == two(lambda x: x + 1.0)(X)


@pytest.mark.cluster
def test_workers_in_one_process_are_counted_once(
    told: list[Told], monkeypatch: pytest.MonkeyPatch, clusters: dict[str, bp.AbstractExecutor]
) -> None:
    monkeypatch.setattr(reporting, "LOOK", 0.0)
    cluster, run = opened(clusters, IN_THREADS), new_token()
    DONE.add(run)
    with reporting.told_of_run(cluster.client, "running", 5, run):
        until(lambda: told[-1].done > 0)
    assert told[-1].done == 1


def test_a_count_beyond_the_whole_is_the_whole() -> None:
    """Tasks that were lost with a worker run again."""
    told = Told("running", 3, listens=True)
    told.reach(5)
    assert told.done == 3
