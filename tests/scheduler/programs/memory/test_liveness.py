from __future__ import annotations

import numpy as np

from backprop.ops.arrays.indexing.items import basic_index
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.arrays.tuples import make_tuple
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.programs.memory.liveness import bases, escaping, liveness
from tests.scheduler.graphs import Hand

BIG = array_type((40, 40), np.dtype("float64"))


def test_a_view_shares_the_memory_of_its_operand_and_a_tuple_that_of_all() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    both = hand(make_tuple, 0, view)
    assert bases(hand.graph(both)) == [(0,), (base,), (base,), (0, base)]


def test_memory_lives_as_long_as_its_last_view() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    other = hand(sin, base)
    last = hand(add, other, view)
    life = liveness(hand.graph(last))
    assert (life.value[base], life.memory(base)) == (other, last)
    assert (life.memory(view), life.memory(last)) == (last, last + 1)


def test_escaping_outputs() -> None:
    hand = Hand(BIG)
    own = hand(sin, 0)
    shared = hand(sin, 0)
    row = hand(basic_index, shared, key=(Slice(0, 1, 1),))
    graph = hand.graph(0, own, shared, row, hand(permute, 0, axes=(1, 0)), hand.literal(np.ones(2)))
    assert escaping(graph) == (True, False, True, True, True, True)
