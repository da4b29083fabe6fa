from __future__ import annotations

import numpy as np

from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.arrays.views import expand_to, reshape_to
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import multiply
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.reductions.reductions import reduce_sum
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
M = array_type((3, 4), F8)


def same(graph: Graph) -> list[str]:
    """The names of the ops after the pass, whose bits are those before it."""
    values = [np.random.default_rng(k).standard_normal(t.shape) for k, t in enumerate(graph.inputs)]  # type: ignore[attr-defined]
    after = drop_dead_code(verify(simplify(graph)))
    for a, b in zip(evaluate(graph, values), evaluate(after, values), strict=True):
        np.testing.assert_array_equal(a, b)
    return [node.op.name for node in after.nodes]


def test_a_product_broadcasts_by_itself() -> None:
    hand = Hand(M, array_type((3, 1), F8))
    assert same(hand.graph(hand(multiply, hand(expand_to, 1, shape=(3, 4)), 0))) == ["multiply"]


def test_a_number_is_taken_as_it_is() -> None:
    hand = Hand(M)
    total = hand(reduce_sum, 0, axes=(0, 1), keepdims=False)
    wide = hand(expand_to, hand(reshape_to, total, shape=(1, 1)), shape=(3, 4))
    assert same(hand.graph(hand(accumulate, wide, 0))) == ["reduce_sum", "add"]


def test_a_broadcast_that_makes_the_shape_stays() -> None:
    hand = Hand(array_type((1, 4), F8), array_type((3, 1), F8))
    wide = [hand(expand_to, k, shape=(3, 4)) for k in range(2)]
    assert same(hand.graph(hand(multiply, *wide))) == ["expand_to", "multiply"]
    wide = [hand(expand_to, 0, shape=(3, 4))] * 2
    assert same(hand.graph(hand(multiply, *wide))) == ["expand_to", "multiply"]


def test_other_ops_keep_their_broadcast() -> None:
    hand = Hand(M, array_type((3, 1), F8))
    wide = hand(expand_to, 1, shape=(3, 4))
    assert same(hand.graph(hand(sin, wide), hand(accumulate, wide, 0, 0))) == ["expand_to", "sin", "accumulate"]
