"""Halves of a joint graph: what is carried over, and that both together give the bits of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.autodiff.split import ForwardPullback, split
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.tracing.trace import trace
from backprop.ops.core.op import Kind

W = np.random.default_rng(0).normal(size=(40, 40))


def traced(f: Callable[[Any], Any], x: Any) -> Graph:
    return trace(f, (x,), {}, None).graph


def halved(graph: Graph) -> tuple[Graph, ForwardPullback]:
    joint = differentiate(graph, (0,), seeded=True)
    return joint, split(joint, len(graph.outputs), 1)


PROGRAMS = {
    "transpose": lambda w: np.sum(np.tanh(w.T @ w) * np.sum(w.T)),
    "reversed": lambda w: np.sum(np.tanh(w.T[::-1] @ w[:, ::-1]) ** 2),
    "slices": lambda w: np.sum((w[1:, ::2] * 3).T @ w[1:]),
    "broadcast": lambda w: np.sum(np.broadcast_to(np.sum(w, axis=0), (40, 40)) * w),
    "qr": lambda w: np.sum(np.linalg.qr(w)[1] ** 2),
    "identity": lambda w: w,
}

programs = pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)


@programs
def test_the_halves_give_the_bits_of_the_whole(f: Callable[[Any], Any]) -> None:
    graph = traced(f, W)
    joint, (forward, pullback) = halved(graph)
    seed = np.ones(np.shape(f(W)))[()]
    value, cotangent = evaluate(joint, (W, seed))
    again, *residuals = evaluate(forward, (W,))
    (pulled,) = evaluate(pullback, (*residuals, seed))
    assert np.asarray(again).tobytes() == np.asarray(value).tobytes()
    assert pulled.tobytes() == cotangent.tobytes()


@programs
def test_vjp_gives_the_bits_of_grad(f: Callable[[Any], Any]) -> None:
    total = lambda w: np.sum(f(w))  # noqa: E731
    assert bp.vjp(total, W)[1](1.0)[0].tobytes() == bp.grad(total)(W).tobytes()


@programs
def test_no_view_is_carried_over(f: Callable[[Any], Any]) -> None:
    graph = traced(f, W)
    _, (forward, _) = halved(graph)
    for i in forward.outputs[len(graph.outputs) :]:
        if i >= forward.first:
            node = forward.node(i)
            assert node.op.kind is not Kind.VIEW or node.op.name == "item"


def test_a_broadcast_array_is_made_anew() -> None:
    graph = traced(lambda x: np.sum(np.exp(x) * np.broadcast_to(np.sin(x), (1000, 3))), np.ones(3))
    _, (forward, pullback) = halved(graph)
    assert all(type.nbytes <= 24 for type in forward.output_types)
    assert "expand_to" in {node.op.name for node in pullback.nodes}
