from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.factoring.rules import move_factors
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.arrays.views import expand_to, permute, sum_to
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add, multiply, negative, subtract
from backprop.ops.elementwise.exponential import exp
from backprop.ops.elementwise.masking import ratio
from backprop.ops.linear_algebra.products import matmul, row_dot
from backprop.ops.reductions.reductions import reduce_sum
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
M = array_type((6, 6), F8)


def after(graph: Graph) -> Graph:
    return drop_dead_code(verify(move_factors(graph)))


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes if node.op.name != "literal"]


def same(graph: Graph, exactly: bool = True) -> Graph:
    values = [np.random.default_rng(k).standard_normal(t.shape) for k, t in enumerate(graph.inputs)]  # type: ignore[attr-defined]
    moved = after(graph)
    for a, b in zip(evaluate(graph, values), evaluate(moved, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=0 if exactly else 1e-12)
    return moved


def test_two_signs_cancel_on_their_way() -> None:
    hand = Hand(M, M)
    minus = hand(negative, 0)
    graph = same(hand.graph(hand(negative, hand(multiply, minus, hand(exp, 1)))))
    assert names(graph) == ["exp", "multiply"]


def test_doubling_and_halving_cancel() -> None:
    hand = Hand(M)
    twice = hand(accumulate, 0, 0)
    graph = same(hand.graph(hand(exp, hand(multiply, twice, hand.literal(np.float64(0.5))))))
    assert names(graph) == ["exp"]


def test_a_factor_goes_into_the_smaller_operand_of_a_product() -> None:
    hand = Hand(array_type((6, 1), F8), M)
    wide = hand(expand_to, 0, shape=(6, 6))
    product = hand(multiply, wide, 1)
    graph = same(hand.graph(hand(accumulate, product, product)))
    assert [str(node.type) for node in graph.nodes if node.op is multiply] == ["float64[6, 1]", "float64[6, 6]"]


def test_a_sign_is_applied_after_a_sum() -> None:
    hand = Hand(M)
    graph = same(hand.graph(hand(sum_to, hand(negative, 0), shape=(1, 6))))
    assert names(graph) == ["sum_to", "negative"]


def test_a_sum_with_a_negated_term_is_a_difference() -> None:
    hand = Hand(M, M)
    graph = same(hand.graph(hand(add, 0, hand(negative, 1)), hand(accumulate, hand(negative, 0), 1)))
    assert names(graph) == ["subtract", "subtract"]


def test_a_difference_with_a_negated_term_is_a_sum() -> None:
    hand = Hand(M, M)
    assert names(same(hand.graph(hand(subtract, 0, hand(negative, 1))))) == ["add"]


def test_what_is_read_twice_stays() -> None:
    hand = Hand(M, M)
    minus = hand(negative, 0)
    graph = hand.graph(hand(multiply, minus, 1), hand(exp, minus))
    assert after(graph) is graph


def test_numbers_that_are_no_powers_of_two_stay() -> None:
    hand = Hand(M, M)
    thrice = hand(multiply, 0, hand.literal(np.float64(3.0)))
    graph = hand.graph(hand(matmul, thrice, 1))
    assert after(graph) is graph


@pytest.mark.parametrize("op", [sum_to, reduce_sum])
def test_the_sum_of_the_rows_of_a_product(op: Op) -> None:
    hand = Hand(array_type((50, 6), F8), M)
    params: dict[str, Any] = {"shape": (6,)} if op is sum_to else {"axes": (0,), "keepdims": False}
    graph = same(hand.graph(hand(op, hand(matmul, 0, 1), **params)), exactly=False)
    assert names(graph) == ["sum_to", "matmul"]


def test_the_sum_of_the_rows_of_each_of_many_products() -> None:
    hand = Hand(array_type((3, 50, 6), F8), array_type((3, 6, 6), F8))
    graph = same(hand.graph(hand(sum_to, hand(negative, hand(matmul, 0, 1)), shape=(3, 1, 6))), exactly=False)
    assert names(graph) == ["negative", "sum_to", "matmul"]  # of y, the smallest


def test_other_sums_of_a_product_stay() -> None:
    hand = Hand(array_type((50, 6), F8), M)
    graph = hand.graph(hand(sum_to, hand(matmul, 0, 1), shape=(50, 1)))
    assert after(graph) is graph


def test_the_transpose_of_a_product_is_a_product() -> None:
    hand = Hand(array_type((50, 6), F8), array_type((50, 3), F8))
    product = hand(matmul, hand(permute, 0, axes=(1, 0)), 1)
    graph = same(hand.graph(hand(permute, product, axes=(1, 0))), exactly=False)
    assert [(node.op, str(node.type)) for node in graph.nodes] == [
        (permute, "float64[3, 50]"),
        (matmul, "float64[3, 6]"),
    ]
    stacked = Hand(array_type((2, 3, 4), F8), array_type((4,), F8))
    graph = stacked.graph(stacked(permute, stacked(matmul, 0, 1), axes=(1, 0)))
    assert after(graph) is graph


def test_a_sum_of_products_along_rows_is_one_op() -> None:
    hand = Hand(M, M)
    graph = same(hand.graph(hand(reduce_sum, hand(multiply, 0, 1), axes=(1,), keepdims=False)), exactly=False)
    assert [node.op for node in graph.nodes] == [row_dot]


LINEAR: tuple[tuple[Op, dict[str, Any]], ...] = (
    (negative, {}),
    (add, {}),
    (subtract, {}),
    (accumulate, {}),
    (multiply, {}),
    (matmul, {}),
    (ratio, {}),
    (permute, {"axes": (1, 0)}),
)


@given(st.lists(st.tuples(st.sampled_from(LINEAR), st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=14))
def test_no_bit_changes(steps: list[tuple[tuple[Op, dict[str, Any]], int, int]]) -> None:
    hand = Hand(M, M)
    ids = [0, 1, hand(multiply, 0, hand.literal(np.float64(2.0)))]
    for (op, params), a, b in steps:
        operands = [ids[a % len(ids)], ids[b % len(ids)]]
        ids.append(hand(op, *operands[: 1 if op in (negative, permute) else 2], **params))
    graph = hand.graph(*ids[-2:])
    values = [np.random.default_rng(k).uniform(0.5, 1.5, (6, 6)) for k in range(2)]
    with np.errstate(all="ignore"):
        before, moved = evaluate(graph, values), evaluate(after(graph), values)
    for a, b in zip(before, moved, strict=True):
        assume(np.all(np.isfinite(a)) and np.all(np.abs(a) > 1e-290) and np.all(np.abs(a) < 1e290))
        np.testing.assert_array_equal(a, b)
