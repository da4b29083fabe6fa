"""Phases: work is split where it goes through narrow places."""

from __future__ import annotations

import pytest

from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.partitioning.phases import part, phases
from backprop.scheduler.planning.partitioning.work import Work, start_times
from tests.scheduler.graphs import Hand, branches
from tests.scheduler.planning.partitioning.test_work import diamond
from tests.scheduler.planning.test_partition import is_convex


def steps(count: int, width: int) -> Work:
    """Steps of one item, then `width` branches of two, then one that reads them all."""
    before: list[tuple[int, ...]] = []
    for _ in range(count):
        first = len(before)
        before.append((first - 1,) if before else ())
        before += [(first,)] * width
        before += [(first + 1 + k,) for k in range(width)]
        before.append(tuple(range(first + 1 + width, first + 1 + 2 * width)))
    after: list[list[int]] = [[] for _ in before]
    for k, read in enumerate(before):
        for p in read:
            after[p].append(k)
    return Work(list(range(len(before))), [1.0] * len(before), [8] * len(before), before, after)


def test_steps_are_phases() -> None:
    work = steps(3, 8)
    found = phases(work, start_times(work), 1.0)
    assert len(found) == 3
    assert sorted(k for phase in found for k in phase) == work.ids
    place = {k: n for n, phase in enumerate(found) for k in phase}
    assert all(place[p] <= place[k] for k in work.ids for p in work.before[k])
    assert [len(phase) for phase in found] == pytest.approx([18] * 3, abs=2)


def test_a_short_phase_joins_the_next() -> None:
    work = steps(4, 8)
    assert len(phases(work, start_times(work), 30.0)) == 2


@pytest.mark.parametrize("work", [diamond(), steps(1, 8), steps(5, 2)])
def test_work_without_narrow_places_is_one_phase(work: Work) -> None:
    assert phases(work, start_times(work), 0.0) == [work.ids]


def test_a_part_is_work_of_its_own() -> None:
    found = part(diamond(), [1, 2, 3])
    assert found.ids == [1, 2, 3]
    assert found.before == [(), (), (0, 1)]
    assert found.after == [[2], [2], []]


def test_each_step_of_several_is_cut_for_all_workers() -> None:
    hand = Hand(*branches(1, 2, 4000).inputs)
    value = 0
    for _ in range(3):
        ends = []
        for _ in range(8):
            end = value
            for _ in range(100):
                end = hand(sin, end)
            ends.append(end)
        value = hand(accumulate, *ends)
    graph = hand.graph(value)
    groups = partition(graph, workers=2, overhead=1e-4)
    assert is_convex(graph, groups)
    assert len(groups) >= 3 * 2
    longest = max(len(group) for group in groups)
    assert longest <= 400  # half a step
