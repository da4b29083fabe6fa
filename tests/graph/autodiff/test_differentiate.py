"""Reverse mode from graph to graph, with the defects of the Haskell original as tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop import ops
from backprop.errors import BadCotangentError, NotDifferentiableError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.autodiff.split import split
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node
from backprop.graph.params import NO_PARAMS
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.core.op import Op
from backprop.ops.core.types import ArrayType
from backprop.ops.elementwise.exponential import exp
from backprop.ops.elementwise.trigonometric import sin
from tests.strategies import Program, programs

X = np.array([0.5, -1.5, 2.0])


def build(f: Any, *shapes: tuple[int, ...]) -> Graph:
    builder = bp.GraphBuilder()
    results = f(*(builder.input(f"x{k}", ArrayType(shape)) for k, shape in enumerate(shapes)))
    for result in results if isinstance(results, tuple) else (results,):
        builder.output(result)
    return builder.build()


def gradient(f: Any, *values: Any) -> tuple[Any, ...]:
    graph = build(f, *(np.shape(v) for v in values))
    return evaluate(differentiate(graph, range(len(values))), values)[len(graph.outputs) :]


# Defects of the original (its reference, section 8).


def test_sqrt_as_the_last_op() -> None:
    assert bp.grad(np.sqrt)(4.0) == 0.25


def test_a_result_that_is_not_the_last_node() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        z = 3 * y
        return y if z > 0 else 0 * y

    assert bp.grad(f)(1.0) == 2.0
    (g,) = gradient(lambda x: (np.sum(x * 2), np.sum(x * 6))[0], X)
    np.testing.assert_array_equal(g, [2.0, 2.0, 2.0])


def test_a_constant_after_touching_the_input() -> None:
    assert bp.grad(lambda x: 0.0 if 2 * x > 0 else x)(1.0) == 0.0
    assert bp.grad(lambda x: 0.0 if 2 * x > 0 else x)(-1.0) == 1.0


def test_an_input_returned_unchanged() -> None:
    assert bp.grad(lambda x: x)(3.0) == 1.0
    value, pullback = bp.vjp(lambda x: x, X)
    np.testing.assert_array_equal(value, X)
    seed = np.ones(3)
    (g,) = pullback(seed)
    assert g is not seed
    assert not np.shares_memory(g, seed)
    assert not np.shares_memory(value, X)


@pytest.mark.parametrize("n", [2, 3, 9])
def test_a_value_used_n_times_gets_one_sum(n: int) -> None:
    graph = differentiate(build(lambda x: np.sum(ops.stack([np.sin(x) * k for k in range(n)])), (3,)), [0])
    sums = [node for node in graph.nodes if node.op is accumulate]
    assert [len(node.inputs) for node in sums] == [n]


def test_contributions_stand_in_the_order_of_consumers() -> None:
    graph = differentiate(build(lambda x: np.sum(np.sin(x) + np.exp(x) + np.tanh(x)), (3,)), [0])
    (total,) = [node for node in graph.nodes if node.op is accumulate]
    makers = [{graph.node(i).op.name for i in graph.node(j).inputs if i >= graph.first} for j in total.inputs]
    assert "cos" in makers[0]
    assert "exp" in makers[1]


def test_unused_inputs_get_typed_zeros() -> None:
    gradients = bp.grad(lambda x, y, z: x * 2, argnums=(1, 2))(1.0, np.ones((2, 3), "float32"), 1.5)
    np.testing.assert_array_equal(gradients[0], np.zeros((2, 3)))
    assert gradients[0].dtype == np.float32
    assert type(gradients[1]) is float
    assert gradients[1] == 0.0


def test_softmax() -> None:
    g = np.array([0.3, -1.0, 2.0])
    s = np.exp(X) / np.exp(X).sum()
    (found,) = bp.vjp(ops.softmax, X)[1](g)
    np.testing.assert_allclose(found, s * (g - s @ g), rtol=1e-12)


@pytest.mark.parametrize("targets", [[0.2, 0.3, 0.5], [0.9, 0.8, 0.1], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
def test_softmax_cross_entropy_whatever_the_targets_sum_to(targets: list[float]) -> None:
    t = np.array(targets)
    s = np.exp(X) / np.exp(X).sum()
    found = bp.grad(lambda x: -np.sum(t * ops.log_softmax(x)))(X)
    np.testing.assert_allclose(found, s * t.sum() - t, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("x", "expected"), [([2.0, 0.0, 3.0], [0, 6, 0]), ([0.0, 0.0, 3.0], [0, 0, 0]), ([2.0, 3.0, 4.0], [12, 8, 6])]
)
def test_product_with_zeros(x: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(bp.grad(np.prod)(np.array(x)), expected)


def test_ties_share_the_gradient() -> None:
    ties = np.array([1.0, 3.0, 3.0])
    np.testing.assert_array_equal(bp.grad(np.max)(ties), [0, 0.5, 0.5])
    np.testing.assert_array_equal(bp.grad(np.min)(-ties), [0, 0.5, 0.5])
    assert bp.grad(lambda x: np.maximum(x, 0.0))(0.0) == 0.5
    assert bp.grad(np.abs)(0.0) == 0.0


# Scale.


def test_a_chain_of_a_hundred_thousand_nodes() -> None:
    length = 100_000
    x = ArrayType(2)
    nodes = tuple(Node(sin, (k,), NO_PARAMS, x) for k in range(length))
    graph = Graph((x,), nodes, (length,))
    joint = differentiate(verify(graph), [0], seeded=True)
    value, slope = evaluate(joint, [np.array([0.5, -0.5]), np.ones(2)])
    assert np.isfinite(value).all()
    assert 0 < slope[0] < 1
    assert hash(joint) == hash(joint)


def test_a_value_with_ten_thousand_consumers() -> None:
    graph = differentiate(build(lambda x: sum((x * k for k in range(10_000)), 0.0)[0], (2,)), [0])
    np.testing.assert_allclose(evaluate(graph, [np.ones(2)])[-1], [sum(range(10_000)), 0.0])


# What rules need not do, and what they must.


def test_broadcasting_is_undone_and_dtypes_are_restored() -> None:
    x, y = np.ones((2, 1), "float32"), np.ones(3)
    a, b = bp.grad(lambda x, y: np.sum(x * y), argnums=(0, 1))(x, y)
    assert (a.shape, a.dtype, b.shape, b.dtype) == ((2, 1), np.float32, (3,), np.float64)
    np.testing.assert_array_equal(a, [[3.0], [3.0]])


def unary(name: str, vjp: Any) -> Op:
    return Op(name, lambda t: t, lambda x: x * 2, vjp)


def test_an_op_without_a_rule_is_an_error_only_on_the_way() -> None:
    op = unary("opaque", None)
    with pytest.raises(NotDifferentiableError, match="opaque has no derivative"):
        bp.grad(lambda x: np.sum(op(x)))(X)
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(x) + 0 * np.sum(op(x.value)))(X), np.ones(3))


def test_a_rule_with_too_many_cotangents() -> None:
    op = unary("many", lambda g, out, x: (g, g))
    with pytest.raises(BadCotangentError, match="returned 2 cotangents for 1 inputs") as caught:
        bp.grad(lambda x: np.sum(op(x)))(X)
    assert "test_differentiate.py" in str(caught.value)


def test_a_rule_with_a_cotangent_of_a_wrong_shape() -> None:
    op = unary("wrong", lambda g, out, x: ops.reshape(g, (3, 1)) * np.ones((1, 2)))
    with pytest.raises(BadCotangentError, match="cotangent of shape"):
        bp.grad(lambda x: np.sum(op(x)))(X)


def test_a_rule_may_use_arrays_of_its_own() -> None:
    weights = np.arange(3.0)
    op = Op("weigh", lambda t: t, lambda x: x * weights, lambda g, out, x: g * weights)
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(op(x)))(X), weights)
    np.testing.assert_array_equal(gradient(lambda x: np.sum(op(x)), X)[0], weights)


def test_dead_branches_cost_nothing() -> None:
    graph = build(lambda x, y: np.sum(np.exp(x)) + np.sum(np.sin(y)), (3,), (3,))
    joint = differentiate(graph, [0])
    assert "cos" not in {node.op.name for node in joint.nodes}


def test_integer_nodes_stop_the_gradient() -> None:
    assert bp.grad(lambda x: np.sum(x * (x > 0)))(X).tolist() == [1.0, 0.0, 1.0]
    assert bp.grad(lambda x: np.floor(x) * x)(2.5) == 2.0


# Splitting.


@given(programs())
def test_the_halves_make_the_whole(program: Program) -> None:
    graph = program.graph
    joint = differentiate(graph, range(graph.first), seeded=True)
    count = len(graph.outputs)
    seeds = [
        np.ones(t.shape)[()] if not isinstance(t, ArrayType) else np.ones(t.shape) for t in joint.inputs[graph.first :]
    ]
    halves = split(joint, count, len(seeds))
    results = evaluate(verify(halves.forward), program.values)
    cotangents = evaluate(verify(halves.pullback), [*results[count:], *seeds])
    whole = evaluate(joint, [*program.values, *seeds])
    for a, b in zip([*results[:count], *cotangents], whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)  # a residual that is a view becomes a copy


def test_the_gradient_of_the_gradient() -> None:
    once = differentiate(build(lambda x: np.sum(np.exp(x) * x), (3,)), [0])
    twice = differentiate(Graph(once.inputs, once.nodes, once.outputs[1:]), [0], seeded=True)
    found = evaluate(twice, [X, np.ones(3)])[1]
    np.testing.assert_allclose(found, np.exp(X) * (X + 2), rtol=1e-12)
    assert exp in {node.op for node in twice.nodes}
