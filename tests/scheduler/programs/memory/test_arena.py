from __future__ import annotations

from itertools import pairwise

import numpy as np

from backprop.graph.graph import Graph
from backprop.ops.arrays.accumulate import accumulate as sum_of_all
from backprop.ops.arrays.joins import concat_along
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.masking import scale
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.scheduler.programs.memory.arena import Memory, plan_memory
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
BIG = array_type((40, 40), F8)
ROW = array_type((40,), F8)


def planned(graph: Graph) -> Memory:
    return plan_memory(graph, 0)


def chain(op: object, length: int) -> Graph:
    hand = Hand(BIG)
    last = 0
    for _ in range(length):
        last = hand(op, last)  # type: ignore[arg-type]
    return hand.graph(last)


def test_a_chain_of_ufuncs_works_in_one_buffer() -> None:
    memory = planned(chain(sin, 10))
    assert memory.slabs == ()
    assert memory.results == (BIG,)
    assert len(set(memory.buffers.values())) == 1


def test_a_product_never_overwrites_its_operands() -> None:
    hand = Hand(BIG)
    last = 0
    for _ in range(6):
        last = hand(matmul, last, last)
    memory = planned(hand.graph(last))
    assert len(memory.slabs) == 2
    slabs = [memory.buffers[i].slab for i in range(1, 6)]
    assert all(a != b for a, b in pairwise(slabs))


def test_an_op_of_several_ufuncs_never_overwrites_its_operands() -> None:
    hand = Hand(BIG)
    first, other = hand(sin, 0), hand(add, 0, 0)
    third = hand(scale, first, other)
    memory = planned(hand.graph(hand(sin, hand(sin, third))))
    assert memory.buffers[third] not in (memory.buffers[first], memory.buffers[other])


def test_a_free_slab_grows_rather_than_a_new_one_being_made() -> None:
    hand = Hand(ROW, BIG)
    small = hand(sin, hand(sin, 0))
    large = hand(matmul, 1, hand(sin, hand(add, 1, hand(matmul, 1, small))))
    memory = planned(hand.graph(hand(sin, large)))
    assert len(memory.slabs) <= 3
    assert memory.nbytes <= 2 * BIG.nbytes + ROW.nbytes


def test_a_live_view_keeps_a_buffer() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    other = hand(sin, hand(sin, base))
    memory = planned(hand.graph(hand(add, other, view)))
    assert memory.buffers[other] != memory.buffers[base]


def test_what_is_handed_out_is_no_arena_memory() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    memory = planned(hand.graph(hand(permute, base, axes=(1, 0)), hand(sin, base)))
    assert memory.buffers[base].result
    assert memory.slabs == ()


def test_pieces_are_written_into_their_concatenation() -> None:
    hand = Hand(BIG)
    pieces = [hand(sin, 0), hand(matmul, 0, 0), hand(permute, 0, axes=(1, 0))]
    joined = hand(concat_along, *pieces, axis=0)
    memory = planned(hand.graph(joined))
    assert [memory.buffers[i].offset for i in pieces[:2]] == [0, BIG.nbytes]
    assert memory.joined == {joined: (2,)}
    assert len(memory.results) == 1


def test_a_result_is_written_over_an_argument_that_nobody_else_reads() -> None:
    hand = Hand(BIG, BIG, BIG)
    first = hand(add, 0, 1)
    graph = hand.graph(hand(add, first, 2))
    memory = plan_memory(graph, 0, frozenset({1, 2}))
    assert memory.over == {first: 1, first + 1: first}
    assert not memory.buffers
    assert not memory.slabs
    assert plan_memory(graph, 0).over == {}


def test_an_argument_that_lives_on_is_not_written_over() -> None:
    hand = Hand(BIG)
    view = hand(permute, 0, axes=(1, 0))
    one = hand(sin, 0)
    assert plan_memory(hand.graph(hand(add, one, view)), 0, frozenset({0})).over == {}
    hand = Hand(BIG)
    one = hand(sin, 0)
    assert plan_memory(hand.graph(one, 0), 0, frozenset({0})).over == {}
    hand = Hand(BIG, ROW)
    assert plan_memory(hand.graph(hand(add, 0, 1)), 0, frozenset({1})).over == {}


def test_a_sum_of_several_terms_is_written_over_the_first_alone() -> None:
    hand = Hand(BIG, BIG, BIG)
    graph = hand.graph(hand(sum_of_all, 0, 1, 2))
    assert plan_memory(graph, 0, frozenset({1, 2})).over == {}
    assert plan_memory(graph, 0, frozenset({0, 1, 2})).over == {3: 0}
    hand = Hand(BIG, BIG)
    assert plan_memory(hand.graph(hand(sum_of_all, 0, 1, 0)), 0, frozenset({0})).over == {}


def test_the_first_term_of_a_sum_that_is_handed_out_lies_where_the_sum_will() -> None:
    hand = Hand(BIG)
    one, two = hand(matmul, 0, 0), hand(matmul, 0, 0)
    total = hand(sum_of_all, one, two)
    memory = planned(hand.graph(total, hand(sin, 0)))
    assert memory.buffers[one] == memory.buffers[total]
    assert memory.buffers[one].result
    assert memory.slabs == (BIG.nbytes,)
    assert memory.results == (BIG, BIG)


def test_what_is_viewed_or_read_later_does_not_lie_where_a_result_will() -> None:
    hand = Hand(BIG)
    one = hand(sin, 0)
    turned = hand(matmul, hand(permute, one, axes=(1, 0)), 0)
    total = hand(add, one, turned)
    last = hand(matmul, 0, 0)
    memory = planned(hand.graph(total, hand(add, hand(add, last, 0), last)))
    assert not memory.buffers[one].result
    assert not memory.buffers[last].result
    assert memory.buffers[turned] == memory.buffers[total]


def test_a_result_over_an_argument_has_nothing_that_lies_there_before() -> None:
    hand = Hand(BIG, BIG)
    one = hand(sin, 0)
    memory = plan_memory(hand.graph(hand(add, one, 1)), 0, frozenset({1}))
    assert memory.over == {3: 1}
    assert not memory.buffers[one].result
