from __future__ import annotations

import pytest

from backprop.scheduler.planning.partitioning.makespan import Overhead, makespan, quotient_of
from tests.scheduler.planning.partitioning.test_work import diamond

GROUPS = [[0], [1], [2], [3]]
FREE = Overhead(0.0, 0.0)


@pytest.mark.parametrize(
    ("workers", "overhead", "expected"),
    [
        (1, FREE, 9.0),
        (2, FREE, 7.0),
        (8, FREE, 7.0),
        (2, Overhead(0.5, 0.0), 7.0 + 3 * 0.5),
        (2, Overhead(0.0, 0.25), 7.0 + 3 * 8 * 0.25),  # what the last one reads of two arrives one after the other
    ],
)
def test_groups_wait_for_what_they_read_and_for_a_worker(workers: int, overhead: Overhead, expected: float) -> None:
    assert makespan(quotient_of(diamond(), GROUPS), workers, overhead) == pytest.approx(expected)


def test_groups_that_a_second_way_joins_are_no_partners() -> None:
    quotient = quotient_of(diamond(), GROUPS)
    assert quotient.partners(0) == [1, 2]
    assert sorted(quotient.partners(1)) == [0, 2, 3]


def test_joined_groups_read_what_both_read() -> None:
    joined = quotient_of(diamond(), GROUPS).joined(1, 2)
    assert [sorted(group) for group in joined.groups] == [[0], [1, 2], [3]]
    assert joined.seconds == [1.0, 7.0, 1.0]
    assert joined.before == [{}, {0: 16}, {1: 16}]
