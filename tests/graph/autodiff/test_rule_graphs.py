"""A rule that is copied leaves the graph that the rule itself writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop.graph.autodiff import differentiate as module
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.autodiff.reverse_pass import ReversePass
from backprop.graph.autodiff.rule_graphs import ByRepeatedRules
from backprop.graph.graph import Graph
from backprop.graph.passes import run_passes
from backprop.graph.tracing.trace import trace
from tests.strategies import Program, programs

RNG = np.random.default_rng(7)
W, X, S = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 3)), np.float64(0.3)


def recurrent(w: Any, x: Any, s: Any) -> Any:
    h = x
    for _ in range(4):
        h = np.tanh(h @ w + s * x) + x
    return np.mean((h - x) ** 2)


def powers(w: Any, x: Any, s: Any) -> Any:
    total = 0.0
    for k in range(3):
        x = x * x / (1.5 + np.abs(x)) + np.float32(0.5) * w[0] * 2
        total = total + np.sum(x.T[k % 2 :]) ** 2 + s**3 * s**2
    return total


def chosen(w: Any, x: Any, s: Any) -> Any:
    for _ in range(3):
        x = np.where(x > 0, np.sqrt(np.abs(x)), 0) @ w + np.maximum(x, s)
        x = np.concatenate([x[:2], x[2:] * s]).reshape(4, 3)
    return np.sum(np.exp(np.log(x * x)) + np.sqrt(x**2) ** 2)


def mixed(w: Any, x: Any, s: Any) -> Any:
    """With respect to w alone, factors of one type have a cotangent here and none there."""
    y = w * w * w
    for _ in range(3):
        y = y * x[:3]
    return np.sum(y) * s


def joint(graph: Graph, wrt: tuple[int, ...], seeded: bool, monkeypatch: pytest.MonkeyPatch, cls: type) -> Graph:
    with monkeypatch.context() as patch:
        patch.setattr(module, "ByRepeatedRules", cls)
        return run_passes(differentiate(graph, wrt, seeded))


def is_the_same(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    every = tuple(i for i, t in enumerate(graph.inputs) if t.differentiable)
    for wrt, seeded in itertools.product((every, every[:1]), (False, True)):
        found, expected = (joint(graph, wrt, seeded, monkeypatch, cls) for cls in (ByRepeatedRules, ReversePass))
        assert found == expected
        assert [node.source for node in found.nodes] == [node.source for node in expected.nodes]


@pytest.mark.parametrize("f", [recurrent, powers, chosen, mixed])
def test_a_copied_rule_is_what_the_rule_writes(f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    is_the_same(trace(f, (W, X, S), {}, None).graph, monkeypatch)


@given(programs())
def test_random_graphs_have_the_joint_graph_that_rules_write(program: Program) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        is_the_same(program.graph, monkeypatch)


def test_rules_of_a_kind_run_once_or_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    handed = ReversePass.hand_on

    def counted(self: Any, i: int, node: Any, g: Any) -> None:
        calls.append(node.op.name)
        handed(self, i, node, g)

    monkeypatch.setattr(ReversePass, "hand_on", counted)

    def long(x: Any) -> Any:
        for _ in range(50):
            x = np.sin(x) * 1.01
        return x

    differentiate(trace(long, (S,), {}, None).graph, (0,))
    assert calls == ["multiply", "sin"] * 2  # the first nodes, then the rules as graphs


def test_the_rule_of_an_op_of_the_users_own_runs_at_every_node() -> None:
    runs = []

    @bp.op
    def twice(x: float) -> float:
        return 2 * x

    @twice.defvjp
    def twice_vjp(g: Any, out: Any, x: Any) -> Any:
        runs.append(1)
        return 2 * g

    def f(x: Any) -> Any:
        for _ in range(5):
            x = twice(x)
        return x

    assert bp.grad(f)(3.0) == 32.0
    assert len(runs) == 5
