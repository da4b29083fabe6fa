"""profile measures the plans that run, on each executor, and says where the time went."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, ReportError
from backprop.scheduler.events import Recorder

X = np.linspace(-1.0, 1.0, 64).reshape(8, 8)


def slow(x: Any) -> Any:
    time.sleep(0.01)
    return x + 1.0


SLOW = bp.op(slow, vjp=lambda g, out, x: g, like=0, seconds=0.01)


def branches(x: Any) -> Any:
    a = SLOW(x)
    b = SLOW(x * 2.0)
    return np.sum(a * b)


def test_it_measures_each_task_and_the_lines(executor: Any) -> None:
    report = bp.profile(bp.grad(branches), X, executor=executor)
    d = report.description
    assert d.run is not None
    assert {interval.task for interval in d.run.intervals} == set(range(len(d.tasks)))
    assert all(task.measured >= 0 for task in d.tasks)
    assert d.run.repeats == 3
    assert d.run.seconds >= 0.01
    ran = sum(i.end - i.start for i in d.run.intervals)
    assert ran >= 0.02  # both calls of the op


def test_lines_have_the_time_that_their_nodes_took() -> None:
    d = bp.profile(bp.grad(branches), X, executor=bp.Threads(2)).description
    taken = {line: sum(p.measured for t in d.tasks for p in t.parts if p.line == k) for k, line in enumerate(d.lines)}
    first = branches.__code__.co_firstlineno
    assert {line.number for line, seconds in taken.items() if seconds > 0.009} == {first + 1, first + 2}


def test_what_if_replays_what_was_measured() -> None:
    report = bp.profile(bp.compile(bp.grad(branches), executor=bp.Serial()), X, repeat=5)
    line = branches.__code__.co_firstlineno + 1
    found = report.what_if({f"test_profile.py:{line}": 0.0})
    assert found.after < found.before * 0.75
    with pytest.raises(ReportError, match=f"no line of this plan is test_profile.py:{line + 50}"):
        report.what_if({f"test_profile.py:{line + 50}": 0.0})


def test_a_compiled_function_is_measured_as_it_replays_on_its_own_executor() -> None:
    step = bp.compile(bp.grad(branches), executor=bp.Threads(2))
    expected, traces = step(X), step.traces
    d = bp.profile(step, X, repeat=2).description
    assert (d.kind, d.workers, step.traces) == ("Threads", 2, traces)
    assert np.array_equal(step(X), expected)


def steered(x: Any) -> Any:
    y = np.exp(np.sin(x) * 3.0)
    return y * 2.0 if y > 1.0 else y - 1.0


def test_the_plans_of_questions_are_told_of_too() -> None:
    for report in (bp.profile(steered, 0.5), bp.explain(steered, 0.5), bp.compile(steered).explain(0.5)):
        d = report.description
        assert d.plans == 2
        assert {p.op for t in d.tasks for p in t.parts} >= {"exp", "sin"}  # they ran for the question


def test_a_recorder_of_the_users_own_sees_the_runs_as_well() -> None:
    recorder = Recorder()
    bp.profile(bp.grad(branches), X, executor=bp.Serial(recorder=recorder), repeat=1)
    assert recorder.finished


def test_nothing_is_watched_afterwards() -> None:
    step = bp.compile(bp.grad(branches))
    with pytest.raises(ZeroDivisionError):
        bp.profile(lambda x: 1 / 0, X)
    bp.profile(step, X, repeat=1)
    recorder = Recorder()
    bp.evaluate(branches, bp.Serial(recorder=recorder))(X)
    assert len(recorder.finished) == 1


@pytest.mark.parametrize(
    ("f", "repeat", "words"), [(branches, 0, "repeat is 0"), (bp.evaluate(lambda x: x), 1, "no plan")]
)
def test_what_cannot_be_measured_is_refused(f: Any, repeat: int, words: str) -> None:
    if words == "no plan":
        f = type("Mine", (), {"explain": None, "__call__": lambda self, x: x})()
    with pytest.raises(ArgumentError, match=words):
        bp.profile(f, X, repeat=repeat)


@pytest.mark.parametrize("executor", ["serial", "threads:2"])
def test_the_memory_of_a_replay_counts_what_its_program_keeps(executor: str) -> None:
    """An arena and arrays that are used again are allocated in the first call, and taken in each."""
    step = bp.compile(bp.grad(lambda x: np.sum(np.sin(x) * np.cos(x))), executor=executor)
    x = np.linspace(0.0, 1.0, 50_000)
    for _ in range(2):  # the second profile finds what the first one has left
        run = bp.profile(step, x, repeat=1).description.run
        assert run is not None
        assert 2 * x.nbytes <= run.peak_bytes < 8 * x.nbytes


class Elsewhere(bp.Serial):
    """Stands for an executor whose tasks run in another process, as those of a service do."""

    is_measured = False


def test_ops_that_run_elsewhere_are_not_timed_here() -> None:
    report = bp.profile(bp.grad(branches), X, executor=Elsewhere())
    assert {part.measured for task in report.description.tasks for part in task.parts} == {-1.0}
