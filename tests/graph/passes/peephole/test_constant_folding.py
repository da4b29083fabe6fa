"""Constant folding: literals take the place of what depends on literals alone, up to a size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, literal
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.peephole.constant_folding import LARGEST
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.verify import verify
from backprop.ops.core.op import Kind, Op


def graph_of(make: Any) -> Graph:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType(3))
    builder.output(make(builder, x))
    return builder.build()


def folded(make: Any) -> list[str]:
    return [node.op.name for node in drop_dead_code(verify(simplify(graph_of(make)))).nodes]


def test_an_expression_of_literals_is_computed_now() -> None:
    assert folded(lambda b, x: x * np.exp(b.constant(2.0) + 1.0)) == ["literal", "multiply"]


def test_what_depends_on_an_input_stays() -> None:
    assert folded(lambda b, x: np.exp(x)) == ["exp"]


def test_small_filled_arrays_become_literals_and_large_ones_do_not() -> None:
    small = simplify(graph_of(lambda b, x: x + ops.zeros_like(x)))
    assert any(node.op is literal for node in small.nodes) or len(small) <= 2
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ScalarType())
    builder.output(np.broadcast_to(builder.constant(1.0) + 1.0, (LARGEST + 1,)) + x)
    kept = simplify(builder.build())
    assert all(getattr(node.type, "size", 0) <= LARGEST for node in kept.nodes if node.op is literal)
    assert len(kept.nodes[-1].inputs) == 2


@pytest.mark.filterwarnings("error")
def test_folding_does_not_warn_and_gives_the_same_bits() -> None:
    graph = graph_of(lambda b, x: x * np.log(b.constant(0.0)) + np.sqrt(b.constant(-1.0)))
    found = evaluate(simplify(graph), [np.ones(3)])
    with np.errstate(all="ignore"):
        expected = evaluate(graph, [np.ones(3)])
    assert np.asarray(found).tobytes() == np.asarray(expected).tobytes()


def test_the_sign_of_zero_and_dtypes_survive() -> None:
    graph = simplify(graph_of(lambda b, x: np.copysign(x, -b.constant(0.0))))
    np.testing.assert_array_equal(evaluate(graph, [np.ones(3)])[0], [-1.0, -1.0, -1.0])
    single = simplify(graph_of(lambda b, x: x.astype("float32") * np.exp(b.constant(np.float32(1.0)))))
    assert evaluate(single, [np.ones(3)])[0].dtype == np.float32


def test_what_would_raise_is_left_for_run_time() -> None:
    def fail(x: Any) -> Any:
        raise ZeroDivisionError

    op = Op("failing", lambda t: t, fail)
    assert "failing" in folded(lambda b, x: x * op(b.constant(1.0)))


def test_ops_that_need_a_context_stay() -> None:
    op = Op("local", lambda t: t, lambda x: x, kind=Kind.HOST_PINNED)
    assert "local" in folded(lambda b, x: x * op(b.constant(1.0)))
