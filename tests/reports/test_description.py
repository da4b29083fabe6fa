"""What follows from a description: work, span, the critical path, and what waits for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backprop.reports.advice import advice, parallelism
from backprop.reports.description import Description, Interval, Run, Scaling
from backprop.reports.memory import memory
from backprop.reports.waits import spent

from .conftest import description, part, task


def test_work_span_and_critical_path(diamond: Description) -> None:
    assert diamond.work == 8.0
    assert diamond.longest == (0, 2, 3)
    assert diamond.span == 6.0
    assert parallelism(diamond) == 16.0  # its chain takes half a second


def test_a_later_plan_waits_for_the_end_of_the_earlier_one() -> None:
    d = description(
        task(part(0, 1.0)),
        task(part(0, 1.0), before=(0,)),
        task(part(0, 1.0)),
        task(part(1, 1.0), plan=1),
        task(part(1, 1.0), before=(3,), plan=1),
    )
    assert d.needed == [(), (0,), (), (1, 2), (3,)]
    assert d.span == 4.0


def test_where_the_time_of_the_workers_went(ran: Description) -> None:
    s = spent(ran)
    assert sum(s) == pytest.approx(2 * 4.5)
    assert s.slowed == pytest.approx(0.5)  # of the first task, which took 1.0 alone
    assert s.work == pytest.approx(4.0)
    assert s.scheduling == pytest.approx(0.5)  # from 2.5 to 3.0 the last task could have started
    assert s.dependency == pytest.approx(0.5)  # one worker from 2.0 to 2.5
    assert s.no_work == pytest.approx(2 * 0.5 + 0.5 + 1.0 + 2 * 0.5)  # before, before and beside the last task, after


def test_on_a_cluster_the_wait_for_a_task_that_could_start_may_be_a_transfer(ran: Description) -> None:
    s = spent(replace(ran, shares_gil=False))
    assert (s.scheduling, s.transfer) == (0.0, pytest.approx(0.5))


def test_memory_counts_arguments_results_and_what_is_inside_of_tasks(ran: Description) -> None:
    assert ran.run is not None
    found = memory(ran, ran.run.intervals)
    assert [moment.nbytes for moment in found] == [1000, 1600, 1400, 1200, 1500, 1000]
    assert [moment.at for moment in found] == [0.0, 0.5, 2.0, 2.5, 3.0, 4.0]


@pytest.mark.parametrize(
    ("d", "words"),
    [
        (description(task(part(0, 0.5))), "one chain"),
        (
            description(task(part(0, 8.0, gil=7.2))),
            "90% of their time holds the GIL, which threads share: use bp.Cluster()",
        ),
        (description(task(part(0, 8.0)), workers=1), "there is one worker"),
        (description(task(part(0, 8.0))), "less than a fifth"),
        (description(task(part(0, 1.0)), task(part(0, 1.0))), "parallel: independent branches are worth 2 tasks"),
        (
            description(task(part(0, 1.0), part(1, 8.0)), task(part(2, 1.0))),
            "hardly parallel: those of 2 that wait for each other take 90% of the time, most of it /models/model.py:20",
        ),
    ],
)
def test_the_reason_is_the_true_one(d: Description, words: str) -> None:
    assert words in advice(d)[0]


def test_a_derivative_that_is_a_constant_is_described() -> None:
    d = replace(description(task(part(0, 0.0))), scaling=(Scaling("threads", 2, 0.0), Scaling("threads", 4, 0.0)))
    assert advice(d) == ["not parallel: it is one chain, in which nearly each op needs the one before"]


def ran_beside(waited: float) -> Description:
    """Two tasks that took 2 seconds each beside each other, and 1 alone; of them some seconds their threads waited."""
    run = Run(2.0, tuple(Interval(k, k, 0.0, 2.0, waited) for k in range(2)), ("MainThread", "backprop-0"), -1, 1)
    found = description(*[task(part(k, 1.0, measured=1.0), measured=2.0) for k in range(2)], run=run)
    return replace(found, scaling=(Scaling("threads", 2, 2.0), Scaling("threads", 8, 0.5)))


def test_tasks_that_waited_for_the_gil_are_told_to_have_one_each() -> None:
    d = ran_beside(waited=1.0)
    assert spent(d)[:3] == (2.0, 2.0, 0.0)
    assert "tasks waited for 50% of their time, for the GIL" in advice(d)[1]
    assert "Threads(8)" not in " ".join(advice(d))  # more of them would wait as well


def test_tasks_that_waited_on_a_busy_machine_are_told_to_be_measured_again() -> None:
    d = ran_beside(waited=1.5)  # together they had half of a core
    assert spent(replace(d, tasks=tuple(replace(t, parts=(part(0, 0.5, measured=0.5),)) for t in d.tasks))).gil == 3.0
    assert "tasks waited for 50% of their time, for a core, as the machine does other work" in advice(d)[1]


def test_tasks_that_slow_each_other_down_while_they_run_share_the_memory() -> None:
    d = ran_beside(waited=0.0)
    assert spent(d)[:3] == (2.0, 0.0, 2.0)
    assert "tasks took 2.0 times as long beside each other as alone" in advice(d)[1]
    assert "Threads(8)" not in " ".join(advice(d))


def test_tasks_that_were_alone_in_waiting_are_no_matter_of_the_gil() -> None:
    """A program that an op waits for is waited for by one thread as by two."""
    d = ran_beside(waited=1.0)
    alone = replace(d, tasks=tuple(task(part(k, 2.0, measured=2.0), measured=2.0) for k in range(2)))
    assert spent(alone)[:3] == (4.0, 0.0, 0.0)
    assert "bp.Threads(8) is predicted at 4.0 times the speed" in advice(alone)[1]


@pytest.mark.parametrize(("seconds", "is_told"), [(1.0, True), (0.15, False), (0.009, False)])
def test_a_call_on_a_cluster_that_mostly_sends_says_so(seconds: float, is_told: bool) -> None:
    run = Run(seconds, (Interval(0, 0, 0.0, min(0.1, seconds / 9)),), ("tcp://a",), -1, 1)
    if seconds == 0.15:
        run = replace(run, intervals=(Interval(0, 0, 0.0, 0.1),))
    told = [s for s in advice(description(task(part(0, 1e-3)), shares_gil=False, run=run)) if "of a call" in s]
    assert bool(told) == is_told
    if is_told:
        assert "tasks ran for 100.000 ms of 1000.000 ms of a call" in told[0]
        assert "1 kB of arguments, 100 B of results" in told[0]


def test_little_work_is_named_with_its_size() -> None:
    d = description(task(part(0, 4e-4)))
    small = replace(d, chain=(d.chain[0]._replace(seconds=1e-4),))
    assert "4.0 ops could run at the same time, but all take 0.400 ms" in advice(small)[0]


def test_more_workers_are_advised_where_they_gain() -> None:
    d = description(task(part(0, 8.0)), task(part(0, 8.0)))
    better = replace(d, scaling=(Scaling("threads", 2, 8.0), Scaling("threads", 8, 2.0), Scaling("processes", 8, 1.99)))
    assert "bp.Threads(8) is predicted at 4.0 times the speed" in advice(better)[1]
    assert len(advice(replace(d, scaling=(Scaling("threads", 2, 8.0), Scaling("threads", 8, 7.9))))) == 1


def test_the_line_of_a_long_loop_is_named_with_what_to_write() -> None:
    d = description(task(part(0, 1.0)._replace(nodes=5_000), part(1, 1.0)._replace(nodes=16_000)))
    assert "model.py:20 makes 16000 of 21000 nodes" in advice(d)[-1]
    assert "bp.scan" in advice(d)[-1]
    assert len(advice(description(task(part(0, 1.0)._replace(nodes=5_000))))) == 1
