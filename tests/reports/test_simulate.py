"""Playing plans through: bounds that hold for every plan, and cases worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop.reports.simulate import Load, makespan, simulate


@st.composite
def loads(draw: st.DrawFn) -> list[Load]:
    found: list[Load] = []
    for k in range(draw(st.integers(0, 12))):
        needed = draw(st.sets(st.integers(0, k - 1), max_size=3)) if k else set()
        found.append(Load(draw(st.floats(0.0, 5.0)), draw(st.floats(0.0, 1.0)), tuple(needed)))
    return found


def span(loads: list[Load]) -> float:
    ends: list[float] = []
    for load in loads:
        ends.append(load.seconds + max([ends[k] for k in load.needed], default=0.0))
    return max(ends, default=0.0)


@given(loads(), st.integers(1, 4))
def test_each_task_runs_once_after_what_it_needs_on_one_worker_at_a_time(tasks: list[Load], workers: int) -> None:
    played = {one.task: one for one in simulate(tasks, workers, 0.0)}
    assert sorted(played) == list(range(len(tasks)))
    for k, load in enumerate(tasks):
        assert all(played[j].end <= played[k].start + 1e-9 for j in load.needed)
        assert played[k].end - played[k].start >= load.seconds - 1e-9
    for worker in range(workers):
        own = sorted((one.start, one.end) for one in played.values() if one.worker == worker)
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(own))


@given(loads(), st.integers(1, 4))
def test_the_time_lies_between_the_bounds_of_graham(tasks: list[Load], workers: int) -> None:
    free = [load._replace(gil_share=0.0) for load in tasks]
    work, longest = sum(load.seconds for load in free), span(free)
    time = makespan(free, workers, 0.0)
    assert max(work / workers, longest) - 1e-6 <= time <= work / workers + longest * (1 - 1 / workers) + 1e-6
    assert max(work / workers, longest) - 1e-6 <= makespan(tasks, workers, 0.0)
    # A GIL makes nothing quicker where nothing waits for a worker; else another order may, by Graham's anomalies.
    assert span(free) - 1e-6 <= makespan(free, len(tasks), 0.0) <= makespan(tasks, len(tasks), 0.0) + 1e-6


def test_tasks_that_hold_the_gil_all_the_time_run_as_on_one_worker() -> None:
    assert makespan([Load(1.0, 1.0, ())] * 4, 4, 0.0) == pytest.approx(4.0)
    assert makespan([Load(1.0, 0.5, ())] * 2, 2, 0.0) == pytest.approx(1.0)  # each lets the other have it


def test_starting_a_task_costs_only_where_there_are_several() -> None:
    assert makespan([Load(1.0, 0.0, ())], 2, 0.25) == 1.0
    assert makespan([Load(1.0, 0.0, ()), Load(1.0, 0.0, (0,))], 2, 0.25) == pytest.approx(2.5)
