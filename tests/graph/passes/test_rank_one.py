from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.rank_one import fuse_rank_one
from backprop.graph.verify import verify
from backprop.ops.arrays.accumulate import accumulate
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add, multiply, negative, subtract
from backprop.ops.linear_algebra.products import matmul
from backprop.ops.linear_algebra.rank_one import rank_one_added
from tests.scheduler.graphs import Hand


def hand(dtype: str = "float64", rank: int = 1) -> tuple[Hand, int]:
    d = np.dtype(dtype)
    made = Hand(array_type((64, 80), d), array_type((64, rank), d), array_type((rank, 80), d))
    return made, made(matmul, 1, 2)


def names(graph: Graph) -> list[str]:
    """The names of the ops after the pass, whose values are those before it."""
    values: list[Any] = [
        np.random.default_rng(k).standard_normal(t.shape).astype(t.dtype)
        for k, t in enumerate(graph.inputs)  # type: ignore[attr-defined]
    ]
    after = verify(fuse_rank_one(graph))
    for a, b in zip(evaluate(graph, values), evaluate(after, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if a.dtype == np.float32 else 1e-12)
        assert a.dtype == b.dtype
    return [node.op.name for node in after.nodes]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_of_descent_is_one_op(dtype: str) -> None:
    made, product = hand(dtype)
    rate = made.literal(np.dtype(dtype).type(0.02))
    assert names(made.graph(made(subtract, 0, made(multiply, rate, product)))) == ["rank_one_added"]


def test_signs_and_sums() -> None:
    for op, operands in ((add, (0, 3)), (add, (3, 0)), (accumulate, (0, 3)), (subtract, (0, 3))):
        made, _ = hand()
        assert names(made.graph(made(op, *operands))) == ["rank_one_added"]
    made, product = hand()
    assert names(made.graph(made(add, 0, made(negative, product)))) == ["rank_one_added"]


def test_what_is_read_elsewhere_or_is_no_rank_one_product_stays() -> None:
    made, product = hand()
    assert names(made.graph(made(add, 0, product), product)) == ["matmul", "add"]
    made, product = hand()
    assert names(made.graph(made(subtract, product, 0))) == ["matmul", "subtract"]
    made, product = hand(rank=2)
    assert names(made.graph(made(add, 0, product))) == ["matmul", "add"]
    made, product = hand()
    assert names(made.graph(made(add, 0, made(multiply, product, 0)))) == ["matmul", "multiply", "add"]


def test_the_op_has_a_derivative() -> None:
    x, y = np.arange(3.0)[:, None], np.arange(4.0)[None]
    bp.testing.check_op(lambda c, x, y: rank_one_added(c, x, y, by=-0.5), (np.ones((3, 4)), x, y))


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2)])
def test_a_compiled_step(executor: Any) -> None:
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal((70, 90)), rng.standard_normal(90)

    def step(w: Any, x: Any) -> Any:
        return w - 0.1 * bp.grad(lambda w: np.sum(np.tanh(w @ x)))(w)

    f = bp.compile(step, executor=executor)
    expected = w - 0.1 * np.outer(1 - np.tanh(w @ x) ** 2, x)
    for _ in range(3):
        np.testing.assert_allclose(f(w, x), expected, rtol=1e-12)
    assert rank_one_added in {node.op for node in f.graph(w, x).nodes}
