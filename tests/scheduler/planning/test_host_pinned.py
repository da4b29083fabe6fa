"""Host-pinned nodes stand alone, in their order, and groups that are cut for them stay in topological order."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backprop.graph.graph import Graph
from backprop.ops.arrays.views import permute
from backprop.ops.core.op import Kind, Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.host_pinned import host_pinned_apart, stage_numbers
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand

MATRIX = array_type((4, 4), np.dtype("float64"))


def double(x: Any) -> Any:
    return 2 * x


PINNED = Op("double", lambda t: t, double, kind=Kind.HOST_PINNED)


def is_pinned(graph: Graph, i: int) -> bool:
    return graph.node(i).op.kind is Kind.HOST_PINNED


def chain() -> Graph:
    """sin -> pinned -> view -> sin -> pinned, beside a branch of its own."""
    hand = Hand(MATRIX, MATRIX)
    a = hand(sin, 0)
    b = hand(PINNED, a)
    c = hand(sin, hand(permute, b, axes=(1, 0)))
    d = hand(PINNED, c)
    e = hand(sin, 1)
    return hand.graph(hand(add, d, e))


def test_stages_count_the_ways_back() -> None:
    graph = chain()
    reads = [(), (), *[node.inputs for node in graph.nodes]]
    pinned = [i > 1 and is_pinned(graph, i) for i in range(9)]
    assert stage_numbers(reads, pinned) == [0, 0, 0, 0, 1, 1, 1, 0, 2]


def test_a_graph_without_host_pinned_nodes_is_left_alone() -> None:
    hand = Hand(MATRIX)
    groups = ((hand(sin, 0),),)
    assert host_pinned_apart(hand.graph(1), groups) is groups


def test_host_pinned_nodes_stand_alone() -> None:
    graph = chain()
    whole = (tuple(i for i in range(2, 9) if i != 4),)
    groups = host_pinned_apart(graph, whole)
    assert groups == ((2, 7), (3,), (5,), (6,), (8,))
    verify_plan(make_plan(graph, groups))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    hand = Hand(MATRIX, MATRIX)
    for k in range(2, draw(st.integers(3, 25))):
        pick = st.integers(max(0, k - 8), k - 1)
        kind = draw(st.sampled_from("slavas"))
        if kind == "l":
            hand(PINNED, draw(pick))
        elif kind == "v":
            hand(permute, draw(pick), axes=(1, 0))
        else:
            hand(add, draw(pick), draw(pick)) if kind == "a" else hand(sin, draw(pick))
    last = 1 + len(hand.nodes)
    return hand.graph(last, draw(st.integers(2, last)))


@given(graphs(), st.integers(1, 4), st.sampled_from([0.0, 1e-9, 1e-6]))
def test_any_partition_can_be_planned(graph: Graph, workers: int, overhead: float) -> None:
    groups = partition(graph, workers, overhead)
    verify_plan(make_plan(graph, groups))
    order = [i for group in groups for i in group if is_pinned(graph, i)]
    assert order == sorted(order)
    assert all(len(group) == 1 or not any(is_pinned(graph, i) for i in group) for group in groups)
