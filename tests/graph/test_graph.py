"""Graphs as values: equality, hashes, pickles, literals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.graph import Graph, Literal, Node, literal
from backprop.graph.params import NO_PARAMS
from backprop.ops.core.types import ArrayType
from backprop.ops.elementwise.trigonometric import sin


def build(f: Any, *shapes: tuple[int, ...]) -> Graph:
    builder = bp.GraphBuilder()
    builder.output(f(*(builder.input(f"x{k}", bp.ArrayType(shape)) for k, shape in enumerate(shapes))))
    return builder.build()


def test_graphs_of_the_same_meaning_are_equal_whatever_lines_and_names_they_have() -> None:
    one, other = build(lambda x: np.sin(x) + 1.0, (3,)), build(lambda y: np.sin(y) + 1.0, (3,))
    assert one == other
    assert hash(one) == hash(other)
    assert one.nodes[0].source != other.nodes[0].source or one is not other


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: np.cos(x) + 1.0, (3,)),
        (lambda x: np.sin(x) + 2.0, (3,)),
        (lambda x: 1.0 + np.sin(x), (3,)),
        (lambda x: np.sin(x) + 1.0, (4,)),
        (lambda x: np.sin(x), (3,)),
    ],
    ids=["op", "literal", "order", "type", "length"],
)
def test_graphs_of_another_meaning_differ(f: Any, shape: tuple[int, ...]) -> None:
    assert build(f, shape) != build(lambda x: np.sin(x) + 1.0, (3,))


def test_graphs_with_other_outputs_or_params_differ() -> None:
    graph = build(lambda x: np.sum(x, axis=0), (2, 3))
    assert graph != build(lambda x: np.sum(x, axis=1), (2, 3))
    assert graph != Graph(graph.inputs, graph.nodes, (0,))
    assert graph != "graph"


def test_a_graph_survives_pickling() -> None:
    graph = build(lambda x, y: np.tanh(x @ y)[1:] * 2.0, (3, 4), (4,))
    copy = pickle.loads(pickle.dumps(graph))
    assert copy == graph
    assert hash(copy) == hash(graph)
    assert copy.nodes[0].source == graph.nodes[0].source
    assert copy.names == graph.names == ("x0", "x1")
    assert copy.nodes[0].op is graph.nodes[0].op


def test_ids_types_and_length() -> None:
    graph = build(lambda x: np.sum(np.sin(x)), (3,))
    assert (graph.first, len(graph), graph.outputs) == (1, 2, (2,))
    assert graph.type_of(0) == bp.ArrayType(3)
    assert graph.node(1).op is sin
    assert graph.output_types == (bp.ScalarType(),)


def test_literals_compare_by_their_bytes() -> None:
    assert Literal.of(0.0) != Literal.of(-0.0)
    assert Literal.of(float("nan")) == Literal.of(float("nan"))
    assert Literal.of(1.0) != Literal.of(1)
    assert Literal.of(1.0) != Literal.of(True)
    assert Literal.of(np.float32(1)) != Literal.of(np.float64(1))
    assert Literal.of(np.ones(2)) != Literal.of(np.ones((1, 2)))
    assert Literal.of(np.array(1.0)) != Literal.of(np.float64(1.0))


def test_a_python_number_is_weak_and_a_numpy_number_is_not() -> None:
    assert Literal.of(1.5).weak
    assert not Literal.of(np.float64(1.5)).weak
    assert not Literal.of(np.complex128(1.5)).weak
    assert not Literal.of(np.array(1.5)).weak


@pytest.mark.parametrize(
    "value", [1.5, True, 2, 1j, np.float32(2), np.arange(6.0).reshape(2, 3).T, np.array(3.0), np.zeros((0, 2))]
)
def test_a_literal_keeps_its_value(value: Any) -> None:
    kept = Literal.of(value).value
    np.testing.assert_array_equal(kept, value)
    assert np.asarray(kept).dtype == np.asarray(value).dtype
    assert isinstance(kept, np.ndarray) == isinstance(value, np.ndarray)


def test_signed_zeros_stay_apart_in_a_graph() -> None:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ScalarType())
    builder.output(np.copysign(1.0, x * 0.0 + builder.constant(-0.0)) + builder.constant(0.0))
    assert len([node for node in builder.build().nodes if node.op is literal]) >= 2


def test_a_graph_and_its_nodes_cannot_be_changed() -> None:
    graph = build(np.sin, (3,))
    with pytest.raises(AttributeError):
        graph.outputs = (0,)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        graph.nodes[0].inputs = ()  # type: ignore[misc]


def test_equal_graphs_are_found_in_a_dictionary() -> None:
    one, other = build(lambda x: np.sin(x) + 1.0, (3,)), build(lambda y: np.sin(y) + 1.0, (3,))
    assert {one: 1}[other] == 1
    assert one not in {build(lambda x: np.sin(x) + 2.0, (3,)): 1}


def test_the_hash_of_a_graph_is_not_pickled() -> None:
    graph = build(np.sin, (3,))
    before = pickle.dumps(graph)
    hash(graph)
    assert pickle.dumps(graph) == before


def chain(length: int) -> Graph:
    nodes = tuple(Node(sin, (k,), NO_PARAMS, ArrayType(2)) for k in range(length))
    return Graph((ArrayType(2),), nodes, (length,), ("x",))


def test_a_graph_prints_as_text() -> None:
    assert repr(chain(1)) == "graph(%0: x float64[2])\n  %1 = sin(%0)  float64[2]\nreturn %1"
    assert str(chain(1)) == repr(chain(1))


def test_a_long_graph_prints_forty_lines() -> None:
    assert len(repr(chain(38)).splitlines()) == 40
    lines = repr(chain(100)).splitlines()
    assert len(lines) == 40
    assert lines[-2:] == ["  ... 63 more lines", "return %100"]


def test_a_graph_in_a_notebook_opens_to_its_whole_text() -> None:
    html = chain(100)._repr_html_()
    assert html.startswith("<details><summary>Graph: 1 inputs, 100 nodes, 1 results</summary><pre>graph(%0: x")
    assert html.endswith("return %100</pre></details>")
    assert "<pre>graph(%0: &lt;b&gt; &amp;" in Graph((ArrayType(3),), (), (0,), ("<b> &",))._repr_html_()
