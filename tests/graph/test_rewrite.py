"""Rewriting without rules: equal nodes become one (common subexpressions)."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given

import backprop as bp
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.rewrite import rewritten
from backprop.graph.verify import verify
from tests.strategies import Program, programs


def graph_of(f: Any) -> Graph:
    builder = bp.GraphBuilder()
    builder.output(f(builder.input("x", bp.ArrayType((2, 3)))))
    return builder.build()


def names(f: Any) -> list[str]:
    return [node.op.name for node in verify(rewritten(graph_of(f))).nodes]


def test_equal_expressions_are_merged_all_the_way_up() -> None:
    assert names(lambda x: np.exp(np.sin(x)) * np.exp(np.sin(x))) == ["sin", "exp", "multiply"]


def test_other_parameters_or_another_order_of_operands_stay_apart() -> None:
    assert len(names(lambda x: np.sum(x, axis=0)[0] + np.sum(x, axis=1)[0])) == 5
    assert names(lambda x: (np.sin(x) - x) * (x - np.sin(x))).count("subtract") == 2


def test_zeros_of_either_sign_stay_apart() -> None:
    graph = rewritten(graph_of(lambda x: np.copysign(1.0, x * 0 + 0.0) + np.copysign(x, -0.0) + np.copysign(x, 0.0)))
    assert sum(node.op.name == "literal" for node in graph.nodes) >= 2


@given(programs())
def test_no_two_nodes_that_are_left_are_equal(program: Program) -> None:
    graph = rewritten(program.graph)
    assert len({node[:3] for node in graph.nodes}) == len(graph.nodes)
    for a, b in zip(evaluate(graph, program.values), evaluate(program.graph, program.values), strict=True):
        np.testing.assert_array_equal(a, b)
