from __future__ import annotations

import pytest

from backprop.scheduler.machine.cost import Cost
from backprop.scheduler.planning.partitioning.gate import Candidate, choice, is_near_bound, pays
from backprop.scheduler.planning.partitioning.makespan import quotient_of
from tests.scheduler.planning.partitioning.test_work import diamond

WHOLE = [[0, 1, 2, 3]]
GROUPS = [[0], [1], [2, 3]]


@pytest.mark.parametrize(
    ("seconds", "gil_s", "workers", "shares_gil", "expected"),
    [
        (1.0, 0.0, 2, True, True),
        (1.0, 0.0, 1, True, False),
        (1e-4, 0.0, 2, True, False),
        (1.0, 0.9, 2, True, False),
        (1.0, 0.9, 2, False, True),
    ],
)
def test_what_pays(seconds: float, gil_s: float, workers: int, shares_gil: bool, expected: bool) -> None:
    assert pays([None, Cost(seconds, 8, gil_s)], workers, 1e-4, shares_gil) is expected


def test_a_small_speed_up_is_not_worth_it() -> None:
    quotient = quotient_of(diamond(), GROUPS)
    assert choice([Candidate(9.0 / 1.3, quotient)], diamond()) == GROUPS
    assert choice([Candidate(9.0 / 1.1, quotient)], diamond()) == WHOLE
    assert choice([], diamond()) == WHOLE


def test_of_about_equal_candidates_the_one_with_fewer_that_wait_is_taken() -> None:
    waits, free = quotient_of(diamond(), [[0], [1], [2], [3]]), quotient_of(diamond(), GROUPS)
    assert choice([Candidate(5.0, waits), Candidate(5.1, free)], diamond()) == GROUPS
    assert choice([Candidate(4.0, waits), Candidate(5.1, free)], diamond()) == [[0], [1], [2], [3]]


def test_the_bound_is_an_equal_share_for_each_worker() -> None:
    quotient = quotient_of(diamond(), GROUPS)
    assert is_near_bound([Candidate(4.6, quotient)], diamond(), 2)
    assert not is_near_bound([Candidate(5.0, quotient)], diamond(), 2)
    assert not is_near_bound([], diamond(), 2)
