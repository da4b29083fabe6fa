"""What follows from a description: work, span, the critical path, and what waits for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backprop.reports.advice import advice, parallelism
from backprop.reports.description import Description, Scaling
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
        (description(task(part(0, 1.0)), task(part(0, 1.0))), "2 tasks"),
    ],
)
def test_the_reason_is_the_true_one(d: Description, words: str) -> None:
    assert words in advice(d)[0]


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
