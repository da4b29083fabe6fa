"""Results that nobody reads are not computed; scans that differ in what they keep are one."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp
from backprop.graph.autodiff.control_flow import switch
from backprop.graph.autodiff.loops import scan
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node, bodies
from backprop.graph.passes import run_passes
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.unused_results import drop_unused_results, keep_histories
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify

X = np.array([0.5, -1.0, 2.0])
W = np.array([1.0, 2.0, 3.0])


def no_values(graph: Graph, values: Any) -> Any:
    raise AssertionError


def traced(f: Any, *args: Any) -> Graph:
    return trace(f, args, {}, no_values).graph


def only(graph: Graph, op: Any) -> Node:
    (node,) = [node for node in graph.nodes if node.op is op]
    return node


def same(one: Graph, other: Graph, *values: Any) -> None:
    for a, b in zip(evaluate(one, values), evaluate(other, values), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_a_switch_computes_what_is_read() -> None:
    def f(i: Any, x: Any, w: Any) -> Any:
        results = bp.switch(i, [lambda: (np.sin(x), w * 2.0, x), lambda: (x, w, np.cos(x))])
        return results[0] + results[2]

    graph = traced(f, np.array(1), X, W)
    narrow = verify(drop_unused_results(drop_dead_code(graph)))
    node = only(narrow, switch)
    assert len(node.type.items) == 2  # type: ignore[attr-defined]
    assert node.inputs == (0, 1)
    assert [len(body.nodes) for body in bodies(node)] == [1, 1]
    for i in (0, 1):
        same(graph, narrow, np.array(i), X, W)


def test_a_scan_drops_rows_carries_and_histories() -> None:
    def f(x: Any, w: Any) -> Any:
        def step(carry: Any, row: Any) -> Any:
            a, b, c = carry
            return (a + row["x"], b * row["w"], c + b), (a, b)

        (_, b, _), (_, stacked) = bp.scan(step, (0.0, 1.0, 2.0), {"x": x, "w": w})
        return np.sum(stacked) + b

    graph = traced(f, X, W)
    narrow = run_passes(graph)
    loop = only(narrow, scan).param("loop")
    assert (loop.carries, loop.rows, loop.kept) == (1, 1, ())
    assert len(only(narrow, scan).type.items) == 2  # type: ignore[attr-defined]
    same(graph, narrow, X, W)


def test_a_carry_that_another_one_needs_stays() -> None:
    def f(x: Any) -> Any:
        return bp.scan(lambda c, row: ((c[0] * row, c[1] + c[0]), None), (1.0, 0.0), x)[0][1]

    graph = traced(f, X)
    narrow = run_passes(graph)
    assert only(narrow, scan).param("loop").carries == 2
    same(graph, narrow, X)


def test_a_tuple_that_is_read_as_a_whole_stays() -> None:
    graph = traced(lambda i, x: bp.switch(i, [lambda: (np.sin(x), x)])[0], np.array(0), X)
    at = graph.first
    whole = Graph(graph.inputs, graph.nodes, (at, *graph.outputs))
    assert drop_unused_results(whole) == whole


def test_scans_that_differ_in_what_they_keep_are_merged() -> None:
    f = bp.compile(bp.hessian(lambda x: bp.scan(lambda c, r: (np.sin(c * r), None), x[0], x)[0]))
    loops = [node.param("loop") for node in f.graph(X).nodes if node.op is scan]
    assert sum(not loop.backwards and loop.rows == 1 for loop in loops) == 1


def test_keeping_histories_changes_no_value() -> None:
    graph = run_passes(traced(lambda x: bp.scan(lambda c, r: (np.sin(c * r), c), x[0], x), X))
    wide = verify(keep_histories(graph))
    assert only(wide, scan).param("loop").kept == (0,)
    same(graph, wide, X)
