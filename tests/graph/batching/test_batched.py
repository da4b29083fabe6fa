"""A batched graph gives, at each place of the batch, what the graph gives for that place: for every op and its rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.autodiff.differentiate import differentiate
from backprop.graph.batching.batched import batched
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.tracing.trace import trace
from backprop.graph.verify import verify
from tests.ops import cases, cases_index, cases_linalg, cases_numeric, cases_shape, cases_structured
from tests.ops.case import Case, differentiated

CASES = tuple(
    case
    for module in (cases, cases_index, cases_linalg, cases_numeric, cases_shape, cases_structured)
    for case in module.CASES
)
SIZE = 3


def is_inexact(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fc"


def traced(case: Case) -> tuple[Graph, list[tuple[Any, ...]]]:
    """The graph of a case, and values of its inputs for each place of the batch; for one where values steered it."""
    draws = [case.examples[0](np.random.default_rng(seed)) for seed in range(SIZE)]
    wrt = [i for i, value in enumerate(draws[0]) if is_inexact(value)]

    def f(*given: Any) -> Any:
        operands = list(draws[0])
        for i, value in zip(wrt, given, strict=True):
            operands[i] = value
        return case(*operands)

    found = trace(f, [draws[0][i] for i in wrt], {}, evaluate)
    rest = found.values[len(wrt) :]
    return found.graph, [(*(draw[i] for i in wrt), *rest) for draw in draws[: 1 if found.known else SIZE]]


def compare(graph: Graph, places: list[tuple[Any, ...]], flags: list[bool]) -> None:
    given = [np.stack([place[k] for place in places]) if flag else places[0][k] for k, flag in enumerate(flags)]
    found = evaluate(verify(batched(graph, flags, SIZE)), given)
    for k, place in enumerate(places):
        mine = [value if flag else first for value, first, flag in zip(place, places[0], flags, strict=True)]
        for value, expected in zip(found, evaluate(graph, mine), strict=True):
            np.testing.assert_allclose(value[k], expected, rtol=1e-9, atol=1e-11)


def flags_of(graph: Graph, count: int) -> list[list[bool]]:
    """All of the operands that may be batched, and each of them alone."""
    n = len(graph.inputs)
    alone = [[i == k for i in range(n)] for k in range(count)]
    return [[i < count for i in range(n)], *alone] if count > 1 else alone


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_op(case: Case) -> None:
    graph, places = traced(case)
    count = sum(is_inexact(v) for v in case.examples[0](np.random.default_rng(0)))
    for flags in flags_of(graph, count) if len(places) > 1 else ():  # else the shapes depend on values
        compare(graph, places, flags)


@pytest.mark.parametrize("case", [case for case in CASES if case.order], ids=str)
def test_the_rule_of_each_op_by_its_seeds(case: Case) -> None:
    graph, places = traced(case)
    operands = case.examples[0](np.random.default_rng(0))
    given = [i for i, value in enumerate(operands) if is_inexact(value)]
    wrt = [given.index(i) for i in differentiated(case, operands)]
    joint = differentiate(graph, wrt, seeded=True)
    rng = np.random.default_rng(5)
    types: list[Any] = list(joint.inputs[graph.first :])
    seeds = [
        [rng.normal(size=t.shape).astype(t.dtype) if t.shape else t.dtype.type(rng.normal()) for t in types]
        for _ in range(SIZE)
    ]
    flags = [i >= graph.first for i in range(joint.first)]
    compare(joint, [(*places[0], *seed) for seed in seeds], flags)


KEYS = [
    (cases_index.ROWS,),
    (slice(None), cases_index.ROWS),
    (cases_index.ROWS, slice(1, 3), cases_index.ROWS),
    (slice(None, None, 2), cases_index.ROWS[:, None], cases_index.ROWS),
    (0, slice(None), cases_index.ROWS),
    (np.array(1), np.array(0), np.array(2)),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("which", [(True, False), (False, True), (True, True)])
def test_indices_that_differ_from_place_to_place(key: tuple[Any, ...], which: tuple[bool, bool]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    rows = [k for k in key if isinstance(k, np.ndarray)]

    def f(x: Any, v: Any, *rows: Any) -> Any:
        rest = iter(rows)
        whole = tuple(next(rest) if isinstance(k, np.ndarray) else k for k in key)
        return x[whole], bp.ops.at_add(x, whole, v), bp.ops.at_set(x, whole, v)

    found = trace(f, [x, 2.0, *rows], {}, None)
    places = [
        (x + k, np.float64(k), *((row + k) % 3 for row in rows), *found.values[2 + len(rows) :]) for k in range(SIZE)
    ]
    flags = [which[0], which[0], *[which[1]] * len(rows)]
    compare(found.graph, places, [*flags, *[False] * (len(found.graph.inputs) - len(flags))])
