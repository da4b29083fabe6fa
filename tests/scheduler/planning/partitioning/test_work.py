from __future__ import annotations

import numpy as np

from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.partitioning.work import Work, compact, priced, start_times, upward_ranks
from tests.scheduler.graphs import Hand


def diamond() -> Work:
    """0 is read by 1 and 2, and 3 reads these; 2 takes longer than 1."""
    return Work([0, 1, 2, 3], [1.0, 2.0, 5.0, 1.0], [8] * 4, [(), (0,), (0,), (1, 2)], [[1, 2], [3], [3], []])


def test_items_read_each_other_through_views_and_the_dead_are_dropped() -> None:
    hand = Hand(array_type((4, 4), np.dtype("float64")))
    base = hand(sin, 0)
    hand(sin, base)  # dead
    turned = hand(permute, base, axes=(1, 0))
    last = hand(add, turned, hand.literal(np.ones((4, 4))))
    graph = hand.graph(last)
    work = compact(graph, priced(graph, Machine()))
    assert work.ids == [base, last]
    assert (work.before, work.after) == ([(), (0,)], [[1], []])


def test_ranks_and_starts_follow_the_longest_way() -> None:
    assert upward_ranks(diamond()) == [7.0, 3.0, 6.0, 1.0]
    assert start_times(diamond()) == [0.0, 1.0, 1.0, 6.0]
