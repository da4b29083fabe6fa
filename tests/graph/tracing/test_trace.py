"""What a traced function leaves behind: inputs, captures, answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import EscapedVarError
from backprop.graph.evaluate import evaluate
from backprop.graph.passes import run_passes
from backprop.graph.tracing.trace import Trace, trace

X = np.arange(3.0)


def traced(f: Any, *args: Any, **kwargs: Any) -> Trace:
    return trace(f, args, kwargs, evaluate)


def test_implicit_and_explicit_style_give_the_same_graph() -> None:
    w = np.ones((2, 3))

    def network(weights: Any, x: Any, b: Any) -> Any:
        return np.sum(np.exp(weights @ x + b) * 2.0)

    g = bp.GraphBuilder()
    a, b, c = (g.input(n, t) for n, t in (("w", bp.ArrayType((2, 3))), ("x", bp.ArrayType(3)), ("b", bp.ArrayType(2))))
    h = g.apply(bp.ops.add, g.apply(bp.ops.matmul, a, b), c)
    g.output(g.apply(bp.ops.sum, g.apply(bp.ops.multiply, g.apply(bp.ops.exp, h), g.constant(2.0))))
    implicit = traced(network, w, X, np.ones(2)).graph
    values = (w, X, np.ones(2))
    assert evaluate(g.build(), values) == evaluate(implicit, values)
    assert [n.op for n in run_passes(implicit).nodes] == [n.op for n in run_passes(g.build()).nodes]


def test_a_graph_does_not_depend_on_data() -> None:
    for scale in (X, X + 1):
        graphs = [traced(lambda x, s=s: np.sum(x * s), X).graph for s in (scale, scale * 3)]
        assert graphs[0] == graphs[1]


def test_captured_arrays_follow_the_arguments() -> None:
    scale = np.ones(3)
    t = traced(lambda x, y: x * scale + y * scale, X, X + 1)
    assert len(t.values) == 3
    np.testing.assert_array_equal(t.values[2], scale)
    np.testing.assert_array_equal(evaluate(t.graph, t.values)[0], X + X + 1)


def test_keyword_arguments_and_containers() -> None:
    t = traced(lambda p, *, k: {"out": p["a"] * k, "same": p["a"], "n": 3}, {"a": X}, k=2.0)
    assert len(t.graph.inputs) == 2
    assert len(t.graph.outputs) == 2


def test_what_was_computed_on_the_way_is_not_computed_again() -> None:
    t = traced(lambda x: x * 2 if np.sum(x) > 1 else x, X)
    assert t.known
    assert len(t.inputs) == len(t.values) + len(t.known)


def test_a_value_is_asked_of_the_executor_once() -> None:
    runs: list[int] = []

    def run(graph: Any, values: Any) -> Any:
        runs.append(len(graph))
        return evaluate(graph, values)

    trace(lambda x: [bool(np.sum(x) > 1), bool(np.sum(x) > 1), float(x.value[0])] and x, (X,), {}, run)
    assert len(runs) <= 2


def test_the_trace_ends_when_the_function_raises() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        traced(f, X)
    with pytest.raises(EscapedVarError):
        kept[0] + 1


def test_a_constant_result_and_an_input_unchanged() -> None:
    t = traced(lambda x: (x, 1.0, X), X.copy())
    assert len(t.graph.outputs) == 3
    np.testing.assert_array_equal(evaluate(t.graph, t.values)[2], X)
