"""The model of a cluster: by hand for few tasks, by laws for many, and against real workers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulation import (
    DIRECT,
    Job,
    Network,
    best_arity,
    best_shards,
    saturation,
    simulated,
    step_seconds,
    strong,
    tables,
    training_step,
    weak,
)

FREE = Network(0.0, 0.0, 0.0)
SLOW = Network(scheduler_s=1.0, message_s=0.0, byte_s=0.0)


@pytest.mark.parametrize(
    ("jobs", "workers", "network", "expected"),
    [
        ([], 1, FREE, 0.0),
        ([Job(1.0)] * 4, 1, FREE, 4.0),
        ([Job(1.0)] * 4, 2, FREE, 2.0),
        ([Job(1.0)] * 4, 4, SLOW, 5.0),  # the last is handed out after four seconds
        ([Job(1.0, home=0)] * 2, 2, FREE, 2.0),  # both where their data is
        ([Job(1.0), Job(1.0, (0,))], 2, Network(0.0, 0.5, 0.0), 3.5),  # to the worker twice, and back
        ([Job(1.0, (), 8, 0), Job(1.0, (), 8, 1), Job(1.0, (0, 1))], 2, Network(0.0, 0.0, 0.25), 4.0),
    ],
)
def test_few_tasks_by_hand(jobs: list[Job], workers: int, network: Network, expected: float) -> None:
    assert simulated(jobs, workers, network) == pytest.approx(expected)


@given(st.integers(1, 40), st.integers(1, 20), st.integers(2, 5))
def test_no_step_is_shorter_than_its_work_or_its_span(shards: int, workers: int, arity: int) -> None:
    jobs = training_step(shards, 1.0, 100, workers, arity)
    seconds = simulated(jobs, workers, Network())
    assert seconds >= 1.0
    assert seconds * workers >= sum(job.seconds for job in jobs)
    assert simulated(jobs, workers, FREE) <= seconds


@given(st.integers(1, 64), st.integers(2, 8))
def test_a_tree_adds_each_gradient_once(shards: int, arity: int) -> None:
    jobs = training_step(shards, 1.0, 8, 4, arity)
    read = [k for job in jobs for k in job.reads]
    assert sorted(read) == list(range(len(jobs) - 1))
    assert all(len(job.reads) <= arity for job in jobs)


def test_a_scheduler_saturates() -> None:
    assert saturation(0.1, Network(scheduler_s=1e-3)) == 100
    slow = Network(scheduler_s=1e-3, message_s=0.0, byte_s=0.0)
    assert step_seconds(100.0, 0, 1000, slow) > 1.0  # a thousand tasks of 0.1 s: handing them out takes a second


def test_scaling_is_perfect_where_nothing_costs() -> None:
    assert all(speed == pytest.approx(n) for n, speed in strong(8.0, 0, FREE))
    assert all(kept == pytest.approx(1.0) for _, kept in weak(1.0, 0, FREE))


def test_large_gradients_are_added_in_pairs_and_small_ones_all_at_once() -> None:
    assert best_arity(1 << 28, 64, DIRECT) == 2
    assert best_arity(8, 64, Network()) > 4
    assert best_shards(1.0, 1 << 20, 64, Network()) == 1


def test_the_tables_go_to_a_thousand_workers() -> None:
    assert " 1000 workers" in tables()
