"""A graph travels as data: the round trip of every op and of random graphs, and what is refused on the way."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.errors import BackpropError, CannotTravelError, WireError, WireLimitError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node, bodies
from backprop.graph.tracing.runtime_classes import choice, field, narrow, with_field
from backprop.graph.tracing.trace import trace
from backprop.graph.wire.frame import PRELUDE, read_frame
from backprop.graph.wire.graphs import graph_from_bytes
from backprop.graph.wire.limits import Limits
from backprop.graph.wire.vocabulary import BUILT_IN
from backprop.ops.core.op import Op
from tests.ops.cases import CASES
from tests.strategies import Program, programs


def traced(f: Any, *args: Any) -> Graph:
    return trace(f, args, {}, lambda graph, values: evaluate(graph, values)).graph


def graph_of(f: Any, *args: Any) -> Graph:
    """The joint graph of a function where it has a gradient, so that ops of the reverse travel, too."""
    graph = traced(f, *args)
    wrt = [i for i, t in enumerate(graph.inputs) if t.differentiable]
    try:
        return differentiate(graph, wrt, seeded=True) if wrt else graph
    except BackpropError:
        return graph


def line_of(node: Node) -> Any:
    """The user's line, without what is for reports alone and does not travel."""
    return node.source and node.source._replace(derivative=False)


def same(one: Graph, other: Graph) -> bool:
    lines = [line_of(n) for n in one.nodes] == [line_of(n) for n in other.nodes]
    types = [str(n.type) for n in one.nodes] == [str(n.type) for n in other.nodes]
    return one == other and lines and types and one.names == other.names


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_op_travels(case: Any) -> None:
    for example in case.examples:
        graph = graph_of(case, *example(np.random.default_rng(0)))
        assert same(Graph.from_bytes(graph.to_bytes()), graph)


def test_the_cases_hold_most_ops() -> None:
    seen: set[str] = set()
    for case in CASES:
        operands = case.examples[0](np.random.default_rng(0))
        seen.update(node.op.name for node in graph_of(case, *operands).nodes)
    assert len(seen) > 120, sorted(set(BUILT_IN) - seen)


@given(program=st.sampled_from(["float64", "float32"]).flatmap(programs))
def test_a_random_graph_travels_and_gives_the_same_bits(program: Program) -> None:
    graph = differentiate(program.graph, range(program.graph.first))
    arrived = Graph.from_bytes(graph.to_bytes())
    assert same(arrived, graph)
    for a, b in zip(evaluate(arrived, program.values), evaluate(graph, program.values), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_bodies_and_loops_travel() -> None:
    def f(x: Any) -> Any:
        y = bp.checkpoint(np.sin)(x)
        y = bp.switch(np.sum(y) > 0, [lambda v: v * np.nan, lambda v: v + np.inf], y) * 1j
        return bp.scan(lambda c, row: (c * row, c), y, np.arange(3.0))[0]

    graph = graph_of(f, np.ones(4))
    assert any(bodies(node) for node in graph.nodes)
    assert same(Graph.from_bytes(graph.to_bytes()), graph)


def test_floats_keep_their_bits() -> None:
    graph = traced(lambda x: x * np.array([np.nan, -0.0, np.inf, 5e-324]) + np.float32(0.1) + 0.1, np.ones(4))
    assert same(Graph.from_bytes(graph.to_bytes()), graph)


def test_a_graph_can_be_written_by_hand() -> None:
    nodes = [{"op": "sin", "in": [0]}, {"op": "reduce_sum", "in": [1], "params": {"axes": [0], "keepdims": False}}]
    text = json.dumps({"kind": "graph", "graph": {"inputs": ["float64[3]"], "nodes": nodes, "outputs": [2]}})
    graph = Graph.from_bytes(text.encode())
    x = np.array([0.5, 1.0, 2.0])
    assert evaluate(graph, [x])[0] == np.sum(np.sin(x))


# What does not travel.


def test_an_op_of_ones_own_is_named_with_its_line_and_two_ways_out() -> None:
    cube = bp.op(lambda x: x**3, name="cube", like=0)
    with pytest.raises(CannotTravelError, match="the op cube is not one of the package's own") as caught:
        traced(cube, np.ones(3)).to_bytes()
    assert "test_graphs.py" in str(caught.value)
    assert "backprop serve --models" in str(caught.value)
    assert "bp.Cluster" in str(caught.value)


def test_an_op_that_bears_the_name_of_another_does_not_travel() -> None:
    twin = Op("sin", lambda t: t, np.cos)
    builder = bp.GraphBuilder()
    builder.output(twin(builder.input("x", bp.ArrayType((3,)))))
    with pytest.raises(CannotTravelError, match="the op sin is not one"):
        builder.build().to_bytes()


def test_ops_on_attributes_of_values_are_not_in_the_vocabulary() -> None:
    assert not {op.name for op in (choice, field, narrow, with_field)} & set(BUILT_IN)


def test_values_of_classes_do_not_travel() -> None:
    graph = Graph((bp.OpaqueType(str),), (), (0,))
    with pytest.raises(CannotTravelError, match="values of the class str"):
        graph.to_bytes()


# Damaged and hostile messages.


def message(nodes: Any = (), inputs: Any = ("float64[3]",), outputs: Any = (0,), **others: Any) -> bytes:
    graph = {"inputs": list(inputs), "nodes": list(nodes), "outputs": list(outputs), **others}
    return json.dumps({"kind": "graph", "graph": graph}).encode()


def nested(depth: int) -> dict[str, Any]:
    graph: dict[str, Any] = {"inputs": ["float64"], "nodes": [], "outputs": [0]}
    for _ in range(depth):
        call = {"op": "call", "in": [0], "params": {"bodies": [{"graph": graph}]}, "type": ["float64"]}
        graph = {"inputs": ["float64"], "nodes": [call], "outputs": [1]}
    return graph


HOSTILE = {
    "an unknown op": message([{"op": "system", "in": [0]}]),
    "an attribute": message([{"op": "field", "in": [0], "params": {"name": "ctypes"}}]),
    "code in the name of a parameter": message([{"op": "sin", "in": [0], "params": {"a)=1,print(": 1}}]),
    "an unknown parameter": message([{"op": "sin", "in": [0], "params": {"where": True}}]),
    "a later node": message([{"op": "sin", "in": [1]}]),
    "a node before all": message([{"op": "sin", "in": [-1]}]),
    "a wrong type": message([{"op": "sin", "in": [0], "type": "float32[3]"}]),
    "a wrong number of operands": message([{"op": "sin", "in": [0, 0]}]),
    "a huge input": message(inputs=["float64[1000000000000]"]),
    "a huge input without elements": message(inputs=["float64[0, 1000000000000]"]),
    "many axes": message(inputs=[f"float64[{', '.join(['1'] * 70)}]"]),
    "a huge result": message(
        [{"op": "filled", "params": {"shape": [1 << 20, 1 << 20], "dtype": "float64", "value": "0"}}]
    ),
    "objects": message(inputs=["object[3]"]),
    "a type of text": message(inputs=["str"]),
    "no number": b'{"kind": "graph", "graph": {"outputs": [NaN]}}',
    "a huge number": message([{"op": "power_to", "in": [0], "params": {"n": 10**30}}]),
    "a float beyond all": message([{"op": "power_to", "in": [0], "params": {"n": 0}}]).replace(
        b'"n": 0', b'"n": 1e999'
    ),
    "an output that is not there": message(outputs=[7]),
    "an input of true": message([{"op": "sin", "in": [True]}]),
    "a list for an object": b'{"kind": "graph", "graph": []}',
    "brackets": b'{"a":' + b"[" * 100_000,
    "bodies without end": json.dumps({"kind": "graph", "graph": nested(40)}).encode(),
    "another kind": b'{"kind": "values", "values": []}',
    "nothing": b"",
    "a header that is not there": PRELUDE.pack(b"backprop", 1, 1 << 31),
    "a later version": PRELUDE.pack(b"backprop", 2, 0),
    "bytes that are not there": message(
        [{"op": "literal", "params": {"value": {"literal": {"dtype": "<f8", "shape": [9], "at": [0, 72]}}}}]
    ),
    "a boolean of 2": message(
        [{"op": "literal", "params": {"value": {"literal": {"dtype": "|b1", "shape": [1], "data": "Ag=="}}}}]
    ),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_message_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(WireError):
        Graph.from_bytes(data)


def test_limits() -> None:
    graph = traced(lambda x: np.sin(np.cos(np.tan(x))), np.ones(1000))
    data = graph.to_bytes()
    for limits in (Limits(message=100), Limits(header=50), Limits(nodes=2), Limits(value=7999)):
        with pytest.raises(WireLimitError):
            graph_from_bytes(data, limits)
    assert graph_from_bytes(data, Limits(nodes=3, value=8000)) == graph


def sample() -> bytes:
    def f(x: Any) -> Any:
        y = bp.switch(np.sum(x) > 0, [np.sin, np.cos], x[::-1] @ np.ones((40, 40)))
        return bp.scan(lambda c, row: (c * row, c), y, np.arange(3.0))[0] + 0.5j

    return graph_of(f, np.ones(40)).to_bytes()


SAMPLE = sample()


def arrives_or_is_refused(data: bytes) -> None:
    try:
        graph = graph_from_bytes(data, Limits(value=1 << 24))
    except WireError:
        return
    assert all(t.nbytes <= 1 << 24 for t in graph.output_types)


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 7)), min_size=1, max_size=8))
def test_flipped_bits_are_an_error_or_a_graph(flips: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLE)
    for place, bit in flips:
        data[place] ^= 1 << bit
    arrives_or_is_refused(bytes(data))


@given(st.integers(0, len(SAMPLE) - 1))
def test_a_message_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(WireError):
        Graph.from_bytes(SAMPLE[:length])


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(sorted(BUILT_IN)),
    lambda part: (
        st.lists(part, max_size=4)
        | st.dictionaries(
            st.sampled_from(["slice", "literal", "loop", "graph", "float", "complex", "shape"]), part, max_size=2
        )
    ),
    max_leaves=8,
)
OP = st.sampled_from(sorted(BUILT_IN))
NAMES = [
    "axes",
    "axis",
    "shape",
    "key",
    "dtype",
    "keepdims",
    "value",
    "n",
    "bodies",
    "loop",
    "index",
    "reverse",
    "flip",
]
NODES = st.fixed_dictionaries(
    {"op": OP, "in": st.lists(st.integers(0, 3), max_size=3)},
    optional={"params": st.dictionaries(st.sampled_from(NAMES), PARTS, max_size=3), "type": PARTS},
)


@given(st.lists(NODES, max_size=4))
def test_wrong_types_everywhere(nodes: list[Any]) -> None:
    text = json.dumps({"kind": "graph", "graph": {"inputs": ["float64[3]"] * 4, "nodes": nodes, "outputs": [0]}})
    arrives_or_is_refused(text.encode())


@given(PARTS)
def test_any_part_for_a_graph(part: Any) -> None:
    arrives_or_is_refused(json.dumps({"kind": "graph", "graph": part}).encode())


def test_the_frame_says_its_version_and_aligns_arrays() -> None:
    data = traced(lambda x: x @ np.ones((9, 9)), np.ones(9)).to_bytes()
    magic, version, length = struct.unpack_from("<8sII", data)
    assert (magic, version) == (b"backprop", 1)
    assert (16 + length) % 64 == 0
    assert len(read_frame(data, Limits()).body) % 64 == 0
