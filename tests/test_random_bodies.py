"""Random programs mean the same as a body: of a switch, of a checkpoint, of a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import backprop as bp
from backprop.api.verbs.evaluate import as_function
from backprop.graph.graph import Graph
from tests.strategies import Program, programs


def function(program: Program) -> Callable[..., Any]:
    graph = program.graph
    return as_function(Graph(graph.inputs, graph.nodes, graph.outputs[:1]))


def other(*xs: Any) -> Any:
    return sum((np.sum(x) for x in xs), 0.0 * np.sum(xs[0]))


def in_switch(f: Any) -> Any:
    return lambda *xs: bp.switch(np.sum(xs[0]) < np.inf, [other, f], *xs)


def in_checkpoint(f: Any) -> Any:
    return bp.checkpoint(f)


def in_scan(f: Any) -> Any:
    return lambda *xs: bp.scan(lambda c, _: (c, f(*c)), xs, length=1)[1][0]


@pytest.mark.parametrize("wrap", [in_switch, in_checkpoint, in_scan])
@given(program=programs(most=12))
def test_a_body_has_the_value_and_gradient_of_the_program(wrap: Any, program: Program) -> None:
    f, everything = function(program), range(program.graph.first)
    expected = bp.value_and_grad(f, argnums=everything, executor=bp.Serial())(*program.values)
    found = bp.value_and_grad(wrap(f), argnums=everything, executor=bp.Serial())(*program.values)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    for one, two in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-13)
        assert wrap is not in_checkpoint or one.tobytes() == two.tobytes()


@pytest.mark.parametrize("wrap", [in_switch, in_checkpoint, in_scan])
@given(program=programs("float32", most=8))
def test_a_body_keeps_single_precision(wrap: Any, program: Program) -> None:
    everything = range(program.graph.first)
    for g in bp.grad(wrap(function(program)), argnums=everything, executor=bp.Serial())(*program.values):
        assert g.dtype == np.float32
