from __future__ import annotations

from backprop.scheduler.planning.partitioning.cuts import cut
from backprop.scheduler.planning.partitioning.makespan import Overhead
from backprop.scheduler.planning.partitioning.work import start_times
from tests.scheduler.planning.partitioning.test_work import diamond


def test_a_worker_is_cut_where_it_waits_for_another_one() -> None:
    groups = cut(diamond(), [0, 1, 0, 0], start_times(diamond()), Overhead(0.1, 0.0))
    assert groups == [[0], [2], [1], [3]]


def test_one_worker_is_one_group() -> None:
    assert cut(diamond(), [0] * 4, start_times(diamond()), Overhead(0.1, 0.0)) == [[0, 1, 2, 3]]


def test_what_is_ready_at_once_and_read_by_most_is_no_hop() -> None:
    groups = cut(diamond(), [0, 1, 0, 0], start_times(diamond()), Overhead(10.0, 0.0))
    assert groups[0] == [0]
    assert len(groups) == 4
