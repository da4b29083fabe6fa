from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backprop.scheduler.planning.partitioning.segments import segments


def chains(*lengths: int) -> list[list[int]]:
    """The readers of items in chains that follow one another, each item read by the next and by the chain's end."""
    after: list[list[int]] = []
    for length in lengths:
        start = len(after)
        after += [[start + k + 1, start + length - 1] if k + 1 < length else [] for k in range(length)]
    return after


def test_cuts_are_between_branches() -> None:
    after = chains(10, 11, 9, 10)
    assert segments([1.0] * 40, after, 4) == [0] * 10 + [1] * 11 + [2] * 9 + [3] * 10


def test_runs_of_many_small_branches_have_equal_work() -> None:
    runs = segments([1.0] * 300, chains(*[3] * 100), 4)
    assert [runs.count(k) for k in range(4)] == [75, 75, 75, 75]


def test_work_counts_and_not_items() -> None:
    runs = segments([10.0] * 4 + [1.0] * 40, chains(2, 2, *[2] * 20), 2)
    assert [runs.count(k) for k in range(2)] == [4, 40]


def test_no_items() -> None:
    assert segments([], [], 4) == []


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 5)), min_size=1, max_size=60), st.integers(1, 10))
def test_runs_are_in_order_and_at_most_as_many_as_asked_for(items: list[tuple[float, int]], count: int) -> None:
    after = [[min(i + step, len(items) - 1)] if i + 1 < len(items) else [] for i, (_, step) in enumerate(items)]
    runs = segments([seconds for seconds, _ in items], after, count)
    assert len(runs) == len(items)
    assert runs[0] == 0
    assert all(0 <= b - a <= 1 for a, b in pairwise(runs))
    assert runs[-1] < count
