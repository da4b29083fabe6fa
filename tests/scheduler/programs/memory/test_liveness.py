from __future__ import annotations

import numpy as np

from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.programs.memory.liveness import liveness
from tests.scheduler.graphs import Hand

BIG = array_type((40, 40), np.dtype("float64"))


def test_memory_lives_as_long_as_its_last_view() -> None:
    hand = Hand(BIG)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    other = hand(sin, base)
    last = hand(add, other, view)
    life = liveness(hand.graph(last))
    assert (life.value[base], life.memory(base)) == (other, last)
    assert (life.memory(view), life.memory(last)) == (last, last + 1)
