"""Identities: ops that return their operand are gone, to the bit, and look-alikes stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop import ops
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify

X = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 3.0])


def graph_of(f: Any, length: int = 7) -> Graph:
    builder = bp.GraphBuilder()
    builder.output(f(builder.input("x", bp.ArrayType(length))))
    return builder.build()


GONE = {
    "times one": lambda x: x * 1,
    "one times": lambda x: 1.0 * x,
    "over one": lambda x: x / 1.0,
    "cast to its own": lambda x: ops.astype(x, "float64"),
    "twice negative": lambda x: np.negative(-x),
}
KEPT = {
    "plus zero": lambda x: x + 0.0,
    "times minus one": lambda x: x * -1.0,
    "one over": lambda x: 1.0 / x,
    "times two": lambda x: x * 2.0,
    "cast": lambda x: ops.astype(x, "float32"),
    "widened": lambda x: x * np.ones((2, 1)),
    "negative": lambda x: -x,
    "promoted": lambda x: x * np.complex128(1),
}


@pytest.mark.parametrize("f", GONE.values(), ids=GONE)
def test_an_identity_is_dropped(f: Any) -> None:
    graph = drop_dead_code(verify(simplify(graph_of(f))))
    assert len(graph) == 0
    assert evaluate(graph, [X])[0].tobytes() == evaluate(graph_of(f), [X])[0].tobytes()


@pytest.mark.parametrize("f", KEPT.values(), ids=KEPT)
def test_what_changes_something_stays(f: Any) -> None:
    graph = graph_of(f)
    after = drop_dead_code(verify(simplify(graph)))
    assert len(after) >= 1
    with np.errstate(all="ignore"):
        assert evaluate(after, [X])[0].tobytes() == evaluate(graph, [X])[0].tobytes()


def test_chains_of_identities() -> None:
    graph = drop_dead_code(simplify(graph_of(lambda x: np.sin((x * 1.0) / 1.0) * 1)))
    assert [node.op.name for node in graph.nodes] == ["sin"]


def test_a_cast_of_a_python_number_is_dropped_and_holds() -> None:
    graph = trace(lambda x, y: ops.astype(x, "float64") * y, (2.1, np.float32(3)), {}, None).graph
    after = drop_dead_code(verify(simplify(graph)))
    assert [node.op.name for node in after.nodes] == ["multiply"]
    (value,) = evaluate(after, [2.1, np.float32(3)])
    assert value.dtype == np.float64
