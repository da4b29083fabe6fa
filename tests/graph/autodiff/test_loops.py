"""scan as an op: its type, its values, and the scan that its rule makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop.errors import GraphTypeError
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.autodiff.loop import Loop
from backprop.graph.autodiff.loops import scan
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph, Node, bodies
from backprop.graph.params import Params
from backprop.graph.tracing.builder import Builder
from backprop.graph.verify import verify
from backprop.ops.core.types import ArrayType, OpaqueType, ScalarType, TupleType
from backprop.scheduler.programs.program import compile_program

V, ROWS = ArrayType(2), ArrayType((4, 2))
C, XS, W = np.array([0.5, -0.5]), np.linspace(-1.0, 1.0, 8).reshape(4, 2), np.array([0.3, 0.9])


def step_body() -> Graph:
    """(c, x, w) -> (sin(c w + x), sum(c))."""
    builder = Builder()
    c, x, w = (builder.input(V) for _ in range(3))
    results = [np.sin(c * w + x), np.sum(c)]
    return verify(builder.build([var.id for var in results])[0])  # type: ignore[attr-defined]


STEP = step_body()


def loop(**changed: Any) -> Graph:
    params: dict[str, Any] = {"carries": 1, "rows": 1, "length": 4, "kept": (0,), **changed}
    builder = Builder()
    variables = [builder.input(t) for t in (V, ROWS, V)]
    given = Params.of(bodies=(STEP,), loop=Loop(**params))
    type = scan.infer(*(v.type for v in variables), **dict(given))
    result: Any = builder.append(Node(scan, (0, 1, 2), given, type))
    return verify(builder.build([part.id for part in result])[0])


def by_hand(backwards: bool = False) -> tuple[Any, Any, Any]:
    c, sums, before = C, np.zeros(4), np.zeros((4, 2))
    for t in range(4)[::-1] if backwards else range(4):
        sums[t], before[t] = np.sum(c), c
        c = np.sin(c * W + XS[t])
    return c, sums, before


@pytest.mark.parametrize("backwards", [False, True])
def test_values(backwards: bool) -> None:
    graph = loop(backwards=backwards)
    for found in (evaluate(graph, [C, XS, W]), compile_program(graph)(C, XS, W)):
        for one, other in zip(found, by_hand(backwards), strict=True):
            np.testing.assert_array_equal(one, other)


def test_types() -> None:
    assert loop().nodes[0].type == TupleType((V, ArrayType(4), ROWS))
    assert loop(kept=()).nodes[0].type == TupleType((V, ArrayType(4)))


@pytest.mark.parametrize(
    ("types", "changed", "what"),
    [
        ((V, ArrayType((5, 2)), V), {}, "takes arrays with as many"),
        ((V, ScalarType(), V), {}, "takes arrays with as many"),
        ((ArrayType(3), ROWS, V), {}, "body 0 of scan takes"),
        ((V, ROWS, V), {"carries": 2, "rows": 0}, "scan hands on|body 0"),
        ((OpaqueType(str), ROWS, V), {}, "body 0 of scan takes"),
    ],
)
def test_what_does_not_fit_is_an_error(types: Any, changed: Any, what: str) -> None:
    params: dict[str, Any] = {"carries": 1, "rows": 1, "length": 4, **changed}
    with pytest.raises(GraphTypeError, match=what):
        scan.infer(*types, bodies=(STEP,), loop=Loop(**params))


def scans(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes if node.op is scan]


def test_the_rule_is_a_scan_the_other_way() -> None:
    joint = differentiate(loop(), [0, 1, 2], seeded=True)
    forward, reverse = scans(joint)
    assert not forward.param("loop").backwards
    turned = reverse.param("loop")
    assert turned.backwards
    assert turned.length == 4
    assert turned.carries == 2  # of the carry, and of the sum for the constant


def test_a_rule_does_what_is_asked_only() -> None:
    joint = differentiate(loop(), [1], seeded=True)
    (body,) = bodies(scans(joint)[1])
    assert scans(joint)[1].param("loop").carries == 1
    assert len(body.outputs) == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_the_rule_against_differences(backwards: bool) -> None:
    graph = loop(backwards=backwards)
    rng = np.random.default_rng(0)
    seeds = rng.normal(size=2), rng.normal(size=4), rng.normal(size=(4, 2))

    def value(*values: Any) -> float:
        return float(sum(np.sum(s * v) for s, v in zip(seeds, evaluate(graph, values), strict=True)))

    found = evaluate(differentiate(graph, [0, 1, 2], seeded=True), [C, XS, W, *seeds])[-3:]
    for k, x in enumerate((C, XS, W)):
        for place in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[place] = 1e-6
            up, down = ([*(C, XS, W)[:k], x + s, *(C, XS, W)[k + 1 :]] for s in (step, -step))
            assert found[k][place] == pytest.approx((value(*up) - value(*down)) / 2e-6, rel=1e-6, abs=1e-9)


def test_carries_that_are_not_kept_are_computed_again() -> None:
    joint = differentiate(loop(kept=()), [2], seeded=True)
    assert [node.param("loop").kept for node in scans(joint)] == [(), (0,), (0, 1)]
    found = evaluate(joint, [C, XS, W, np.ones(2), np.zeros(4)])[-1]
    whole = evaluate(differentiate(loop(), [2], seeded=True), [C, XS, W, np.ones(2), np.zeros(4), np.zeros((4, 2))])[-1]
    np.testing.assert_array_equal(found, whole)
