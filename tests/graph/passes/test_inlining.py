"""Calls become their bodies."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp
from backprop.graph.autodiff.control_flow import after, call
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.graph.passes.inlining import inline_calls
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify

X = np.array([0.5, -1.0, 2.0])


def no_values(graph: Graph, values: Any) -> Any:
    raise AssertionError


def traced(f: Any) -> Graph:
    return trace(f, (X,), {}, no_values).graph


def test_a_call_becomes_its_nodes() -> None:
    graph = traced(lambda x: np.sum(bp.checkpoint(lambda v: np.sin(v) * 2.0)(x)))
    flat = verify(inline_calls(graph))
    assert [node.op.name for node in graph.nodes] == ["call", "item", "reduce_sum"]
    assert call not in [node.op for node in flat.nodes]
    assert evaluate(flat, [X]) == evaluate(graph, [X])


def test_calls_in_bodies_too() -> None:
    graph = run_passes(traced(lambda x: bp.scan(lambda c, r: (bp.checkpoint(np.sin)(c * r), None), x[0], x)[0]))
    assert all(node.op is not call for n in graph.nodes for b in n.params.get("bodies", ()) for node in b.nodes)


def test_what_is_computed_again_is_not_merged_with_the_first_run() -> None:
    joint = differentiate(traced(lambda x: np.sum(bp.checkpoint(lambda v: np.sin(np.exp(v)))(x) ** 2)), [0])
    graph = run_passes(joint)
    names = [node.op.name for node in graph.nodes]
    assert names.count("exp") == 2
    assert [node.op for node in graph.nodes].count(after) == 1
    assert run_passes(graph) == graph
