"""Plans that are corrected by what their tasks took: from the first call to one that is left alone, bits unchanged.

Ops say that they take a thousand times what they take, or next to nothing, so that no machine is too slow for a test.
Where a plan is to become one task, a clock is given that goes on by the same at each look, as a thread that has to wait
for a processor would count as a long op.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.watching import watching
from backprop.scheduler import learning
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors import inline
from backprop.scheduler.learning import course, node_clock
from backprop.scheduler.learning.book import this_book, this_book_file
from backprop.scheduler.learning.policy import TIMED, UNWATCHED, WATCHED
from backprop.scheduler.machine.blas_architecture import libraries
from backprop.scheduler.machine.cost import Machine, costs
from backprop.scheduler.machine.profile import Profile, key, save, this_file, this_machine
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.programs.limits import LONGEST

XS = [np.linspace(0.1 * k, 1.0, 300) for k in range(1, 5)]
CALLS = 14
SETTLED = UNWATCHED + WATCHED + TIMED


@pytest.fixture(autouse=True)
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Measure, with a folder of one's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bp.clear_caches()
    with bp.measured_costs():
        yield
    bp.clear_caches()
    this_machine.cache_clear()  # which may have been read from that folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the clock of tasks and nodes go on by 10 us at each look."""

    def set_clock() -> None:
        looks = count()
        monkeypatch.setattr(
            inline, "time", SimpleNamespace(perf_counter=lambda: next(looks) * 1e-5, thread_time=lambda: 0.0)
        )
        monkeypatch.setattr(node_clock, "perf_counter", lambda: next(looks) * 1e-5)

    return set_clock


def branches(said: float, work: Any = np.tanh) -> Any:
    """Four branches, each with an op that says what it takes; one gradient of all."""

    @bp.op(like=0, seconds=said, vjp=lambda g, out, x: g * (1 - out * out))
    def slope(x: Any) -> Any:
        return work(x)

    def loss(xs: Any) -> Any:
        return sum([np.sum(slope(x) * np.exp(x)) for x in xs])

    return bp.grad(loss)


def busy(x: Any) -> Any:
    """Some milliseconds, or more."""
    for _ in range(6):
        np.linalg.svd(np.outer(x[:100], x[:100]) + np.eye(100))
    return np.tanh(x)


def plan_run(f: Any) -> Plan:
    """The plan that a call runs; it is not measured, as somebody watches."""
    with watching() as watch:
        f(XS)
    return watch.seen[-1].plan


def equal(one: Any, other: Any) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("way", ["compiled", "traced"])
@pytest.mark.parametrize(("said", "work", "before", "after"), [(10.0, np.tanh, 4, 1), (1e-9, busy, 1, 2)])
def test_a_plan_that_is_wrong_is_cut_anew_and_gives_the_same_bits(
    quick: Callable[[], None], way: str, said: float, work: Any, before: int, after: int
) -> None:
    if after == 1:
        quick()
    gradient = branches(said, work)
    with bp.measured_costs(False):
        expected = bp.compile(gradient, executor=bp.Serial())(XS)
    f = bp.compile(gradient) if way == "compiled" else gradient
    with bp.use(bp.Threads(2)):
        first = plan_run(f)
        for _ in range(CALLS):
            assert equal(f(XS), expected)
        last = plan_run(f)
        assert plan_run(f) is last  # left alone
    assert [len(plan.tasks) >= 2 for plan in (first, last)] == [before > 1, after > 1]
    assert first.story == ""
    assert "longer or shorter than predicted" in last.story
    assert last.work < 1.0


def test_a_report_says_what_was_corrected(quick: Callable[[], None]) -> None:
    quick()
    f = bp.compile(branches(10.0), executor=bp.Threads(2))
    for _ in range(CALLS):
        f(XS)
    told = " ".join(str(f.explain(XS)).split())
    assert "of 5 tasks took more than 1.5 times longer or shorter than predicted" in told
    assert "corrected by earlier runs" in told
    assert "5 tasks became 1" in told
    assert "is predicted at" not in told  # more threads would be of no use, which is known now


def test_one_task_is_corrected_too() -> None:
    gradient = branches(10.0)
    f = bp.compile(gradient, executor=bp.Serial())
    assert f.plan(XS).work > 10.0
    for _ in range(SETTLED):
        f(XS)
    assert f.plan(XS).work < 1.0


def test_a_graph_too_long_to_time_its_nodes_gets_new_predictions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "LONGEST", 3)
    monkeypatch.setattr(learning, "run_timed", None)
    f = bp.compile(branches(10.0), executor=bp.Serial())
    for _ in range(SETTLED):
        f(XS)
    plan = f.plan(XS)
    assert plan.work < 1.0
    assert plan.machine is not None
    assert sum([p.seconds for task in plan.tasks for p in costs(task.body, plan.machine)]) == pytest.approx(plan.work)


def test_a_task_whose_first_times_were_disturbed_is_predicted_by_its_last_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    hold, looks = [1.0], count()
    monkeypatch.setattr(
        inline, "time", SimpleNamespace(perf_counter=lambda: next(looks) * hold[0], thread_time=lambda: 0.0)
    )
    monkeypatch.setattr(node_clock, "perf_counter", lambda: next(looks) * 1e-5)
    f = bp.compile(branches(10.0), executor=bp.Serial())
    for _ in range(SETTLED):
        f(XS)  # nodes take some us, the tasks seemed to take a second
    hold[0] = 1e-3
    for _ in range(CALLS):
        f(XS)
    plan = f.plan(XS)
    assert plan.machine is not None
    assert sum([p.seconds for task in plan.tasks for p in costs(task.body, plan.machine)]) == pytest.approx(1e-3)


@pytest.mark.parametrize("longest", [LONGEST, 3])
def test_what_was_learned_is_known_of_other_graphs_and_in_other_processes(
    longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "LONGEST", longest)  # where nodes cannot be timed, each has its share of its task

    def loss(xs: Any) -> Any:
        return sum([np.sum(np.tanh(x) * np.exp(x)) for x in xs])

    save(this_file(), key(libraries()), Profile(Machine().slower(1e6)))
    this_machine.cache_clear()
    serial = bp.Serial()
    this_machine.cache_clear()
    f = bp.compile(loss, executor=serial)
    assert f.plan(XS).work > 1.0
    for _ in range(SETTLED):
        f(XS)
    assert any(name.startswith("tanh ") for name in this_book().factors)
    bp.clear_caches()  # as another process has it
    assert this_book_file().exists()
    assert bp.compile(loss, executor=serial).plan(XS[:2]).work < 1.0


def test_without_measuring_a_plan_stays_as_predicted() -> None:
    f = bp.compile(branches(10.0), executor=bp.Threads(2))
    with bp.measured_costs(False):
        first = f.plan(XS)
        for _ in range(CALLS):
            f(XS)
        assert f.plan(XS) is first
    assert not this_book_file().exists()


def test_a_recorder_of_the_users_sees_the_plan_that_was_made() -> None:
    recorder = Recorder()
    f = bp.compile(branches(10.0), executor=bp.Threads(2, recorder=recorder))
    for _ in range(CALLS):
        f(XS)
    assert len(recorder.finished) == CALLS * len(f.plan(XS).tasks)
    assert f.plan(XS).story == ""


def test_calls_that_come_together_all_have_the_right_bits() -> None:
    gradient = branches(10.0)
    expected = bp.compile(gradient, executor=bp.Serial())(XS)
    f, wrong = bp.compile(gradient, executor=bp.Threads(2)), list[int]()

    def call(k: int) -> None:
        wrong.extend(k for _ in range(CALLS) if not equal(f(XS), expected))

    threads = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_error_while_nodes_are_timed_is_the_users_and_the_next_call_is_right() -> None:
    fails = list[bool]()

    def work(x: Any) -> Any:
        if fails and fails.pop():
            raise ValueError("as told")
        return np.tanh(x)

    gradient = branches(10.0, work)
    expected = bp.compile(gradient, executor=bp.Serial())(XS)
    for at in range(6):
        f = bp.compile(gradient, executor=bp.Threads(2))
        bp.clear_caches()
        for call in range(8):
            if call == at:
                fails.append(True)
                with pytest.raises(ValueError, match="as told") as raised:
                    f(XS)
                assert any("slope" in note for note in raised.value.__notes__)
            assert equal(f(XS), expected)


def test_a_plan_with_host_pinned_ops_is_measured_by_its_tasks_names() -> None:
    @bp.op(like=0, local=True, seconds=10.0, vjp=lambda g, out, x: g)
    def here(x: Any) -> Any:
        return x + threading.get_ident() * 0

    gradient = bp.grad(lambda xs: sum([np.sum(here(x * 2) * np.exp(x)) for x in xs]))
    expected = bp.compile(gradient, executor=bp.Serial())(XS)
    f = bp.compile(gradient, executor=bp.Threads(2))
    for _ in range(CALLS):
        assert equal(f(XS), expected)
    plan: Plan = f.plan(XS)
    assert plan.work < 1.0


def test_tasks_that_slow_each_other_down_become_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, xs = count(), [np.tile(x, 10) for x in XS]  # so large that ops give the GIL away
    fast = SimpleNamespace(perf_counter=lambda: next(looks) * 1.0, thread_time=lambda: next(looks) * 1.0)
    monkeypatch.setattr(inline, "time", fast)  # a task seems to run for seconds
    monkeypatch.setattr(node_clock, "perf_counter", lambda: next(looks) * 1e-2)  # and a node for ten milliseconds
    gradient = branches(0.2)
    with bp.measured_costs(False):
        expected = bp.compile(gradient, executor=bp.Serial())(xs)
    f = bp.compile(gradient, executor=bp.Threads(2))
    assert len(f.plan(xs).tasks) > 1
    for _ in range(CALLS):
        assert equal(f(xs), expected)
    plan = f.plan(xs)
    assert len(plan.tasks) == 1
    assert "as tasks beside each other took" in plan.story
