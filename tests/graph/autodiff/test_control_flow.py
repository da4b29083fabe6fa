"""Ops that hold graphs: their types, values and rules, as nodes; and the functions that bodies are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import GraphTypeError, TracedConversionError
from backprop.graph.autodiff.body_pullback import BodyPullback
from backprop.graph.autodiff.control_flow import after, call, position, switch
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node, bodies, parameters, to_text, with_bodies
from backprop.graph.ownership import alone
from backprop.graph.params import Params
from backprop.graph.tracing.body import agree, alike, trace_body, with_numbers
from backprop.graph.tracing.builder import Builder
from backprop.graph.tracing.runtime_classes import annotated_type, choice, closest_class, narrowed_type
from backprop.graph.tracing.structures.structure import flatten
from backprop.graph.verify import verify
from backprop.ops.core.types import ArrayType, OpaqueType, ScalarType, TupleType
from backprop.scheduler.programs.program import compile_program

V = ArrayType(3)
X = np.array([0.5, -1.0, 2.0])


def body(f: Any, *types: Any) -> Graph:
    builder = Builder()
    results = f(*[builder.input(t) for t in types])
    return verify(builder.build([var.id for var in results])[0])


SINE = body(lambda x: [np.sin(x), np.sum(x)], V)
CUBE = body(lambda x: [x**3, np.sum(x * x)], V)


def node_of(op: Any, types: Any, *graphs: Graph, **params: Any) -> Graph:
    """A graph of one node over its inputs, and its items."""
    builder = Builder()
    variables = [builder.input(t) for t in types]
    params = {"bodies": graphs, **params}
    type = op.infer(*types, **params)
    result: Any = builder.append(Node(op, tuple(v.id for v in variables), Params.of(**params), type))
    return verify(builder.build([part.id for part in result])[0])


SWITCH = node_of(switch, [ScalarType("int64"), V], SINE, CUBE)
CALL = node_of(call, [V], SINE)


def run(graph: Graph, *values: Any) -> tuple[Any, ...]:
    """What the interpreter gives, after a check that the program gives the same bits."""
    expected = evaluate(graph, values)
    for one, other in zip(expected, compile_program(graph)(*values), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    return expected


def test_values() -> None:
    np.testing.assert_array_equal(run(SWITCH, np.int64(0), X)[0], np.sin(X))
    np.testing.assert_array_equal(run(SWITCH, np.int64(1), X)[0], X**3)
    assert run(CALL, X)[1] == np.sum(X)


def test_types_of_results() -> None:
    assert SWITCH.nodes[0].type == TupleType((V, ScalarType()))
    assert bodies(SWITCH.nodes[0]) == (SINE, CUBE)
    assert bodies(SINE.nodes[0]) == ()


@pytest.mark.parametrize(
    ("types", "graphs", "what"),
    [
        ([ScalarType("int64"), ArrayType(4)], (SINE,), "body 0 of switch takes"),
        ([ScalarType("int64"), V, V], (SINE,), "body 0 of switch takes"),
        ([ScalarType("int64"), V], (SINE, body(lambda x: [x, x], V)), "body 1 of switch returns"),
        ([ScalarType(), V], (SINE,), "must be one integer"),
        ([ArrayType(1, "int64"), V], (SINE,), "must be one integer"),
    ],
)
def test_what_does_not_fit_is_an_error(types: Any, graphs: Any, what: str) -> None:
    with pytest.raises(GraphTypeError, match=what):
        switch.infer(*types, bodies=graphs)


def test_position() -> None:
    assert [position(i, 3) for i in (0, 2, -1, -3, np.int8(1), np.array(1), True)] == [0, 2, 2, 0, 1, 1, 1]
    with pytest.raises(IndexError):
        position(3, 3)
    with pytest.raises(TypeError):
        position(1.5, 3)


def test_results_share_no_memory_with_operands() -> None:
    same = node_of(call, [V], body(lambda x: [x, x[1:], np.sin(x)], V))
    x = X.copy()
    one, other, fresh = run(same, x)
    assert not np.shares_memory(one, x)
    assert not np.shares_memory(other, x)
    assert alone(fresh, {id(x)}) is fresh


def test_an_operand_that_is_overwritten_later_leaves_results_alone() -> None:
    def f(i: Any, x: Any) -> Any:
        y = np.sin(x) * 2.0
        z = bp.switch(i, [lambda v: v, lambda v: v[::-1]], y)
        return z, np.exp(y) + 1.0, z * 2.0

    x = np.linspace(0.0, 1.0, 5000)
    for i in (0, 1):
        z, _, twice = bp.evaluate(f, executor=bp.Serial())(np.array(i), x)
        np.testing.assert_array_equal(z, (np.sin(x) * 2.0)[:: 1 - 2 * i])
        np.testing.assert_array_equal(twice, 2 * z)


def test_operands_are_contiguous_in_a_body() -> None:
    seen = []

    def compute(x: Any) -> Any:
        seen.append(x.flags.c_contiguous)
        return x

    look = bp.Op("look", lambda x: x, compute)
    f = bp.evaluate(lambda i, x: np.sum(bp.switch(i, [lambda v: look(v)], x.T)))
    assert f(np.array(0), np.arange(6.0).reshape(2, 3)) == 15.0
    assert seen == [True]


# Rules


def test_pull_gives_the_wanted_cotangents_of_the_chosen_outputs() -> None:
    graph = BodyPullback(CUBE, [0], [1], [""]).graph()
    assert graph.inputs == (V, ScalarType())
    np.testing.assert_allclose(evaluate(graph, [X, np.float64(3.0)])[0], 6 * X)


@pytest.mark.parametrize("index", [0, 1])
def test_the_rule_of_switch(index: int) -> None:
    joint = differentiate(SWITCH, [1], seeded=True)
    seeds = np.ones(3), np.float64(2.0)
    found = run(joint, np.int64(index), X, *seeds)[-1]
    np.testing.assert_allclose(found, [np.cos(X) + 2.0, 3 * X**2 + 4 * X][index])


def test_the_rule_of_call_waits_for_the_cotangents() -> None:
    joint = differentiate(CALL, [0], seeded=True)
    (wait,) = [node for node in joint.nodes if node.op is after]
    assert wait.inputs == (0, 1, 2)
    np.testing.assert_allclose(run(joint, X, np.ones(3), np.float64(2.0))[-1], np.cos(X) + 2.0)


def test_an_op_without_a_derivative_matters_where_the_answer_depends_on_it() -> None:
    opaque = bp.Op("opaque", lambda x: x, lambda x: x * 2.0)

    def f(i: Any, x: Any, w: Any) -> Any:
        return bp.switch(i, [lambda x, w: np.sum(opaque(x) * w), lambda x, w: np.sum(x * w)], x, w)

    np.testing.assert_array_equal(bp.grad(f, argnums=2)(np.array(0), X, X), 2 * X)
    with pytest.raises(bp.errors.NotDifferentiableError, match="opaque"):
        bp.grad(f, argnums=1)(np.array(0), X, X)


def test_bodies_as_something_to_call() -> None:
    node = SWITCH.nodes[0]
    assert parameters(node, lambda graph: len(graph.nodes)) == {"bodies": (len(SINE), len(CUBE))}
    assert with_bodies(SINE, lambda graph: graph) is SINE
    assert bodies(with_bodies(SWITCH, lambda _: SINE).nodes[0]) == (SINE, SINE)


def test_text_shows_bodies() -> None:
    text = to_text(SWITCH)
    assert "%2 = switch(%0, %1)" in text
    assert "    graph(%0 float64[3])" in text
    assert "      %1 = sin(%0)" in text


# Bodies of functions


def no_values(graph: Graph, values: Any) -> Any:
    raise AssertionError


def test_what_a_function_captures_becomes_an_input() -> None:
    w = np.array([1.0, 2.0, 3.0])
    _, structure = flatten((X,))
    traced = trace_body(lambda x: {"y": x * w, "n": 2}, structure, structure.types, no_values)
    assert traced.graph.inputs == (V, V)
    np.testing.assert_array_equal(traced.captured[0], w)
    assert traced.graph.output_types[0] == ScalarType("int64", True)


def test_a_function_that_asks_is_an_error() -> None:
    _, structure = flatten((X,))
    with pytest.raises(TracedConversionError, match="no value yet"):
        trace_body(lambda x: x if x[0] > 0 else -x, structure, structure.types, no_values)


def test_numbers_are_leaves() -> None:
    leaves, structure = with_numbers({"a": 1, "b": True, "c": "text", "d": np.int64(3), "e": 2.0})
    assert leaves == [1, True, 3, 2.0]
    assert alike(structure, with_numbers({"a": 5, "b": 1, "c": "text", "d": 1.0, "e": 2})[1])
    assert not alike(structure, with_numbers({"a": 5, "b": 1, "c": "other", "d": 1.0, "e": 2})[1])
    assert not alike(structure, with_numbers({"a": 5})[1])


def test_functions_agree_on_inputs_and_dtypes() -> None:
    v, w = np.ones(3), np.zeros(3)
    _, structure = flatten((X.astype("float32"),))
    functions = (lambda x: np.sum(x) * 2, lambda x: 1, lambda x: np.sum(x.astype("float64") * v + w).astype("float32"))
    traced = [trace_body(f, structure, structure.types, no_values) for f in functions]
    graphs, captured = agree("switch", traced, 1)
    assert len(captured) == 2
    assert {graph.inputs for graph in graphs} == {(ArrayType(3, "float32"), V, V)}
    assert {graph.output_types for graph in graphs} == {(ScalarType("float32"),)}
    assert evaluate(graphs[1], [X.astype("float32"), *captured]) == (np.float32(1),)


# Classes


class Base:
    number: float
    inner: Base
    text: str


class Derived(Base):
    pass


def test_the_closest_class() -> None:
    assert closest_class(Derived, [Base, Derived]) == 1
    assert closest_class(Derived, [object, Base]) == 1
    assert choice(Derived(), classes=(Base,)) == 0
    with pytest.raises(GraphTypeError, match="no case of match fits Base"):
        closest_class(Base, [Derived])


def test_types_by_annotation() -> None:
    assert annotated_type(Derived, "number") == ScalarType()
    assert annotated_type(Base, "inner") == OpaqueType(Base)
    assert annotated_type(Base, "text") is None
    assert annotated_type(Base, "missing") is None


def test_narrowed() -> None:
    assert narrowed_type(OpaqueType(Base), Derived) == OpaqueType(Derived)
    assert narrowed_type(OpaqueType(Base), object) == OpaqueType(Base)
