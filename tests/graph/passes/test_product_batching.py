from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.product_batching import batch_products
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.linear_algebra.products import matmul

W, U, B = np.full((4, 4), 0.1), np.full((3, 4), 0.2), np.full(4, 0.3)


def joint_of(f: Any, *args: Any) -> tuple[Graph, list[Any]]:
    traced = trace(f, args, {}, None)
    return drop_dead_code(differentiate(traced.graph, range(len(args)))), list(args)


def count(graph: Graph, op: Any) -> int:
    return sum(node.op is op for node in graph.nodes)


def same(graph: Graph, values: list[Any]) -> Graph:
    joined = drop_dead_code(verify(batch_products(graph)))
    for a, b in zip(evaluate(graph, values), evaluate(joined, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    return joined


def recurrent(steps: int, rows: tuple[int, ...]) -> Any:
    def f(w: Any, u: Any, b: Any, x: Any) -> Any:
        h = np.zeros((*rows, 4))
        for t in range(steps):
            h = np.tanh(h @ w + x[t] @ u + b)
        return h.sum()

    return f


def test_a_weight_of_a_recurrent_net_takes_one_product() -> None:
    x = np.random.default_rng(0).standard_normal((10, 2, 3))
    graph, values = joint_of(recurrent(10, (2,)), W, U, B, x)
    joined = same(graph, values)
    assert count(graph, matmul) - count(joined, matmul) == 2 * 9
    assert count(graph, accumulate) - count(joined, accumulate) >= 2


def test_vectors_are_rows() -> None:
    def f(w: Any, x: Any) -> Any:
        for _ in range(6):
            x = np.tanh(w @ x)
        return x.sum()

    graph, values = joint_of(f, W, np.arange(4.0))
    joined = same(graph, values)
    assert count(graph, matmul) - count(joined, matmul) == 5


def test_independent_uses_stay_in_their_branches() -> None:
    def f(w: Any, x: Any) -> Any:
        return sum(np.sum(np.tanh(x[k] @ w)) for k in range(5))

    graph, values = joint_of(f, W, np.ones((5, 2, 4)))
    assert count(same(graph, values), matmul) == count(graph, matmul)


def test_products_of_many_rows_stay_apart() -> None:
    x = np.ones((10, 20, 3))
    graph, values = joint_of(recurrent(10, (20,)), W, U, B, x)
    joined = same(graph, values)
    assert count(joined, matmul) == count(graph, matmul)


def test_other_terms_stay_in_the_sum() -> None:
    def f(w: Any, x: Any) -> Any:
        extra = np.sum(w**2)
        for _ in range(6):
            x = np.tanh(x @ w)
        return x.sum() + extra

    graph, values = joint_of(f, W, np.ones((2, 4)))
    joined = same(graph, values)
    assert [len(node.inputs) for node in joined.nodes if node.op is accumulate] == [2]


def test_the_gradient_is_that_of_the_steps() -> None:
    x = np.random.default_rng(0).standard_normal((7, 2, 3))
    bp.testing.check_grads(recurrent(7, (2,)), (W, U, B, x), order=1)
