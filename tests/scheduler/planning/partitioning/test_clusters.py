from __future__ import annotations

from backprop.scheduler.planning.partitioning.clusters import paths
from backprop.scheduler.planning.partitioning.work import start_times
from tests.scheduler.planning.partitioning.test_work import diamond


def test_the_longest_way_is_one_path() -> None:
    assert paths(diamond(), start_times(diamond())) == [[0, 2, 3], [1]]
