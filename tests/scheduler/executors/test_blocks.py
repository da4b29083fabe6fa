"""Every executor gives the same bits on a graph whose work is split into blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

import backprop as bp
from backprop import ops
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.graph.passes.tiling.tile import tile_rows
from backprop.graph.passes.tiling.tile_groups import Sizes
from backprop.graph.verify import verify
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.planner import make_plan

SHAPES = [(16, 16), (16,), (300, 16)]
RNG = np.random.default_rng(8)
VALUES = tuple(RNG.normal(size=shape).astype("float32") for shape in SHAPES)


def model(w: Any, v: Any, x: Any) -> Any:
    """Layers that share a weight, a norm over the rows, and a softmax: blocks, joins and later rounds."""
    y = x
    for _ in range(2):
        y = np.tanh(y @ w + v)
    z = (y - ops.mean(y, axis=0)) / (1.0 + ops.std(y, axis=0))
    return ops.mean(ops.logsumexp(z @ w, axis=1) - z[:, 0]) + ops.max(z)


def split_gradient() -> Graph:
    """The joint graph of the model, in single precision so that an order of additions shows."""
    builder = bp.GraphBuilder()
    variables = [builder.input(f"x{k}", bp.ArrayType(shape, "float32")) for k, shape in enumerate(SHAPES)]
    builder.output(model(*variables))
    joint = run_passes(differentiate(builder.build(), range(3)))
    return verify(tile_rows(joint, Sizes(elements=1000, flops=1e4, block=200, product_rows=20)))


def test_the_same_bits(executor: AbstractExecutor) -> None:
    graph = split_gradient()
    ids = range(graph.first, graph.first + len(graph))
    plan = verify_plan(make_plan(graph, tuple(tuple(ids[k : k + 50]) for k in range(0, len(ids), 50))))
    found = executor.run(plan, VALUES)
    for a, b in zip(found, evaluate(graph, VALUES), strict=True):
        assert np.asarray(a).dtype == np.float32
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_there_are_many_blocks() -> None:
    assert sum(node.op is ops.tanh for node in split_gradient().nodes) >= 16
