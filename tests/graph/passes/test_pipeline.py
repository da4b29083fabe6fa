"""All passes together: what they leave of a gradient, and that a wrong pass is found."""

from __future__ import annotations

import numpy as np
import pytest

import backprop as bp
from backprop.errors import VerifyError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes


def test_the_gradient_of_a_sum_of_exponentials_is_small() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType(100))
    builder.output(np.sum(np.exp(x)))
    graph = run_passes(differentiate(builder.build(), [0]))
    assert [node.op.name for node in graph.nodes].count("exp") == 1
    assert len(graph) <= 6


def test_a_pass_that_makes_an_ill_formed_graph_is_named() -> None:
    def spoil(graph: Graph) -> Graph:
        return Graph(graph.inputs, graph.nodes, (99,))

    with pytest.raises(VerifyError, match="after spoil"):
        run_passes(Graph((bp.ArrayType(3),), (), (0,)), [spoil])


def test_a_wrong_pass_is_named_even_where_a_later_one_stumbles_over_what_it_made() -> None:
    def spoil(graph: Graph) -> Graph:
        return Graph(graph.inputs, graph.nodes, (99,))

    def stumble(graph: Graph) -> Graph:
        raise IndexError(graph.outputs)

    with pytest.raises(VerifyError, match="after spoil"):
        run_passes(Graph((bp.ArrayType(3),), (), (0,)), [spoil, stumble])


def test_what_a_pass_raises_on_a_well_formed_graph_arrives() -> None:
    def stumble(graph: Graph) -> Graph:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_passes(Graph((bp.ArrayType(3),), (), (0,)), [stumble])
