"""Dead code: what no output needs is gone, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given

import backprop as bp
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.graph.passes.dead_code import drop_dead_code
from tests.strategies import Program, programs


def test_a_node_that_no_output_needs_is_dropped() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType(3))
    np.exp(np.sin(x))
    builder.output(np.cos(x))
    graph = drop_dead_code(builder.build())
    assert [node.op.name for node in graph.nodes] == ["cos"]
    assert graph.names == ("x",)


def test_inputs_stay_even_where_they_are_not_used() -> None:
    graph = drop_dead_code(Graph((bp.ArrayType(3), bp.ArrayType(2)), (), (1,)))
    assert len(graph.inputs) == 2
    assert graph.outputs == (1,)


@given(programs())
def test_every_node_that_is_left_is_needed(program: Program) -> None:
    graph = drop_dead_code(program.graph)
    read = {i for node in graph.nodes for i in node.inputs} | set(graph.outputs)
    assert all(i in read for i in range(graph.first, graph.first + len(graph)))
    assert drop_dead_code(graph) == graph


def test_a_graph_without_nodes() -> None:
    graph = Graph((bp.ArrayType(3),), (), (0,))
    assert run_passes(graph) == graph
