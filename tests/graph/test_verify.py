"""Each way in which a graph can be ill-formed is found, and the error names the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backprop as bp
from backprop.errors import VerifyError
from backprop.graph.graph import Graph
from backprop.graph.verify import same_type, verify
from backprop.ops.core.types import OpaqueType, TupleType
from tests.strategies import Program, programs


def graph() -> Graph:
    builder = bp.GraphBuilder()
    x = builder.input("x", bp.ArrayType((2, 3)))
    builder.output(np.sum(np.sin(x) @ np.ones((3, 3)) + 1.0, axis=0))
    return builder.build()


def corrupt(g: Graph, k: int, **changes: Any) -> Graph:
    nodes = list(g.nodes)
    nodes[k] = nodes[k]._replace(**changes)
    return Graph(g.inputs, tuple(nodes), g.outputs)


def last(g: Graph) -> int:
    return len(g) - 1


CORRUPTIONS: dict[str, Any] = {
    "a later node": lambda g: corrupt(g, 0, inputs=(g.first + 2,)),
    "itself": lambda g: corrupt(g, 0, inputs=(g.first,)),
    "a negative id": lambda g: corrupt(g, 0, inputs=(-1,)),
    "an id beyond the end": lambda g: corrupt(g, last(g), inputs=(99,)),
    "a wrong shape": lambda g: corrupt(g, 0, type=bp.ArrayType((3, 2))),
    "a wrong dtype": lambda g: corrupt(g, 0, type=bp.ArrayType((2, 3), "float32")),
    "a type of another kind": lambda g: corrupt(g, 0, type=OpaqueType(str)),
    "operands that do not fit": lambda g: Graph((bp.ArrayType((2, 4)),), g.nodes, g.outputs),
    "an output beyond the end": lambda g: Graph(g.inputs, g.nodes, (99,)),
    "a negative output": lambda g: Graph(g.inputs, g.nodes, (-1,)),
}


@pytest.mark.parametrize("change", CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_a_corrupted_graph_is_rejected(change: Any) -> None:
    good = verify(graph())
    with pytest.raises(VerifyError, match="after some pass") as caught:
        verify(change(good), "some pass")
    assert isinstance(caught.value, AssertionError)


def test_the_error_names_the_node_and_the_users_line() -> None:
    with pytest.raises(VerifyError, match=r"node %1 \(sin\)") as caught:
        verify(corrupt(graph(), 0, type=bp.ArrayType(7)))
    assert "test_verify.py" in str(caught.value)


@given(programs(), st.data())
def test_a_random_graph_with_a_wrong_type_is_rejected(program: Program, data: Any) -> None:
    k = data.draw(st.integers(0, len(program.graph) - 1))
    with pytest.raises(VerifyError):
        verify(corrupt(program.graph, k, type=bp.ArrayType((5, 5, 5), "complex64")))


def test_same_type() -> None:
    scalar = bp.ScalarType()
    assert same_type(scalar, bp.ScalarType(weak=True))
    assert same_type(scalar, bp.ArrayType(()))
    assert not same_type(scalar, bp.ScalarType("float32"))
    assert same_type(TupleType((scalar,)), TupleType((bp.ArrayType(()),)))
    assert not same_type(TupleType((scalar,)), TupleType((scalar, scalar)))
    assert not same_type(scalar, OpaqueType(str))
