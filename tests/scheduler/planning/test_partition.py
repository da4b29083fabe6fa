from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop.graph.graph import Graph
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add, multiply
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.machine.cost import Machine, free_nodes
from backprop.scheduler.planning.host_pinned import Groups
from backprop.scheduler.planning.partition import partition
from tests.scheduler.graphs import Hand, branches

F8 = np.dtype("float64")


def is_convex(graph: Graph, groups: Groups) -> bool:
    """Whether no group reads, through views, a group that does not come before it."""
    home = {i: g for g, group in enumerate(groups) for i in group}
    return all(home[j] <= home[i] for i in home for j in sources(graph, i))


def sources(graph: Graph, i: int) -> Iterator[int]:
    stack, free = list(graph.node(i).inputs), free_nodes(graph)
    while stack:
        j = stack.pop()
        if j >= graph.first and free[j]:
            stack.extend(graph.node(j).inputs)
        elif j >= graph.first:
            yield j


def test_independent_branches_are_a_task_each_forward_and_back() -> None:
    groups = partition(branches(8, 400, 4000), workers=2, overhead=1e-4)
    assert len(groups) == 8  # of nine, the two lightest joined: four for each worker at most
    assert sorted(map(len, groups)) == [7, *[400] * 6, 800]


def test_with_workers_enough_each_branch_is_a_task_of_its_own() -> None:
    groups = partition(branches(8, 400, 4000), workers=4, overhead=1e-4)
    assert sorted(map(len, groups)) == [7, *[400] * 8]


def test_branches_too_small_for_a_task_stay_together() -> None:
    assert len(partition(branches(8, 20, 10), workers=2, overhead=1e-4)) == 1


def test_one_worker_gets_one_task() -> None:
    assert len(partition(branches(8, 400, 4000), workers=1, overhead=1e-4)) == 1


def test_a_chain_is_one_task() -> None:
    hand = Hand(array_type((100_000,), F8))
    last = 0
    for _ in range(100):
        last = hand(sin, last)
    assert len(partition(hand.graph(last), workers=4, overhead=1e-4)) == 1


def test_a_cheap_common_root_does_not_wait_for_a_branch() -> None:
    hand = Hand(array_type((4000,), F8))
    root = hand(sin, 0)
    ends = []
    for _ in range(4):
        last = root
        for _ in range(300):
            last = hand(sin, last)
        ends.append(last)
    groups = partition(hand.graph(*ends), workers=4, overhead=1e-4)
    assert sorted(map(len, groups)) == [1, 300, 300, 300, 300]


def test_heavy_single_ops_are_spread() -> None:
    hand = Hand(array_type((4_000_000,), F8))
    blocks = [hand(sin, 0) for _ in range(8)]
    assert len(partition(hand.graph(*blocks), workers=2, overhead=1e-4)) >= 4


def test_dead_nodes_and_views_are_in_no_group() -> None:
    hand = Hand(array_type((10, 10), F8))
    view = hand(permute, 0, axes=(1, 0))
    hand(sin, 0)
    used = hand(sin, view)
    assert partition(hand.graph(used), workers=2, overhead=1e-4) == ((used,),)


def test_a_graph_without_work_has_no_groups() -> None:
    assert partition(Graph((), (), ()), workers=2, overhead=1e-4) == ()


def random_graph(seed: int, count: int) -> Graph:
    rng = np.random.default_rng(seed)
    types = [array_type((int(n),), F8) for n in (50_000, 50_000)]
    hand = Hand(*types)
    for k in range(count):
        a, b = (int(i) for i in rng.integers(max(0, k - 12), k + 2, 2))
        hand(add if rng.random() < 0.5 else multiply, a, b)
    return hand.graph(count + 1, count)


@given(st.integers(0, 10_000), st.integers(1, 120), st.sampled_from([2, 3, 8]), st.sampled_from([1e-7, 1e-5, 1e-4]))
def test_any_partition_is_convex_and_complete(seed: int, count: int, workers: int, overhead: float) -> None:
    graph = random_graph(seed, count)
    groups = partition(graph, workers, overhead)
    assert is_convex(graph, groups)
    (whole,) = partition(graph, 1, overhead)
    assert sorted(i for group in groups for i in group) == list(whole)
    assert groups == partition(graph, workers, overhead)


@pytest.mark.slow
def test_many_nodes() -> None:
    assert len(partition(branches(100, 1000, 1000), workers=2, overhead=1e-4)) < 20


def test_small_ops_stay_together_where_tasks_share_a_gil() -> None:
    graph = branches(8, 4000, 10)
    assert len(partition(graph, workers=4, overhead=1e-4)) > 1
    assert len(partition(graph, workers=4, overhead=1e-4, shares_gil=True)) == 1


def test_large_ops_become_tasks_even_where_tasks_share_a_gil() -> None:
    graph = branches(8, 400, 4000)
    assert partition(graph, 4, 1e-4, shares_gil=True) == partition(graph, 4, 1e-4)


def test_threads_read_what_others_wrote_where_a_network_would_take_longer_than_the_work() -> None:
    machine = replace(Machine(), link_bytes_per_s=1e7)
    graph = branches(2, 40, 100_000)
    assert len(partition(graph, 2, 1e-4, machine, shares_gil=True)) > 1
    assert len(partition(graph, 2, 1e-4, machine)) == 1
