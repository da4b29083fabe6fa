"""Dependence: never less than there is, for every op; and no more than there is, for those that move elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.matrices.dense import seeds
from backprop.api.matrices.sweeps import Mode, arguments, sweeps
from backprop.api.matrices.sweeps import results as results_of
from backprop.graph.evaluate import evaluate
from backprop.graph.sparsity.flow import pattern, places
from backprop.graph.tracing.trace import trace
from tests.graph.batching.test_batched import CASES, is_inexact
from tests.ops.case import Case


def found_pattern(f: Callable[..., Any], *args: Any) -> Any:
    found = trace(f, args, {}, evaluate)
    wrt = [i for i in range(len(args)) if is_inexact(args[i])]
    values = {i: found.values[i] for i in places(found.graph, wrt) if i < found.graph.first}
    return pattern(found.graph, wrt, values).toarray()


def matrix(f: Callable[..., Any], *args: Any) -> Any:
    """The dense matrix of all results by all arguments."""
    found = trace(f, args, {}, evaluate)
    wrt = tuple(i for i in range(len(args)) if is_inexact(args[i]))
    outs, ins = results_of(found.graph), arguments(found.graph, wrt)
    total = sum(t.size for t in outs)
    swept = sweeps(found.graph, wrt, (), Mode.REVERSE, total)
    rows = evaluate(swept, [*found.values, *seeds(outs, ins, Mode.REVERSE)])
    return np.concatenate([np.reshape(row, (total, t.size)) for row, t in zip(rows, ins, strict=True)], 1)


def results(value: Any) -> list[Any]:
    parts = value if isinstance(value, tuple | list) else (value,)
    return [part for part in parts if np.dtype(part.dtype).kind == "f"]


SMALL = [case for case in CASES if case.order and case.wrt is None and str(case) != "getitem-large"]


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
@pytest.mark.parametrize("case", SMALL, ids=str)
def test_no_dependence_is_missed(case: Case) -> None:
    args = case.examples[0](np.random.default_rng(0))
    wrt = [i for i, value in enumerate(args) if is_inexact(value)]

    def f(*given: Any) -> Any:
        rest = dict(zip(wrt, given, strict=True))
        return results(case(*[rest.get(i, value) for i, value in enumerate(args)]))

    given = [args[i] for i in wrt]
    if f(*given):
        found = found_pattern(f, *given)
        assert not (matrix(f, *given) != 0)[~found].any()


X = np.arange(1.0, 13.0).reshape(3, 4)
ROWS = np.array([2, 0, 2])
EXACT: dict[str, Callable[[Any], Any]] = {
    "elements": lambda x: np.sin(x) * x.T.reshape(x.shape),
    "rows": lambda x: x[ROWS, 1:] * 2,
    "shifted": lambda x: x[1:] - x[:-1],
    "joined": lambda x: np.concatenate([x, np.ones((2, 4)), x[:1]]),
    "sums": lambda x: np.sum(x, 1) + np.mean(x, 1),
    "added up": lambda x: bp.ops.at_add(np.zeros(3), ROWS, x[:, 0]),
    "set": lambda x: bp.ops.at_set(x, (slice(None), 1), 0.0),
    "a product": lambda x: x @ np.ones((4, 2)),
    "a padded matrix": lambda x: np.pad(x, 1),
    "a triangle": lambda x: np.tril(x[:, :3]),
    "a softmax": lambda x: bp.ops.softmax(x, 1),
    "a choice": lambda x: np.where(X > 3, x, 2 * x),
    "steps": lambda x: bp.scan(lambda h, row: (h + row, h * row), np.zeros(4), x)[0],
    "a checkpoint": lambda x: bp.checkpoint(lambda x: x * 2)(x),
    "matrices": lambda x: np.linalg.inv(x.reshape(3, 2, 2)),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_pattern_is_exact(name: str) -> None:
    x = X + np.random.default_rng(0).normal(size=X.shape)
    assert np.array_equal(found_pattern(EXACT[name], x), matrix(EXACT[name], x) != 0)


def test_a_long_loop_is_taken_to_mix_everything() -> None:
    found = found_pattern(lambda x: bp.scan(lambda h, _: (h * 2, None), x, length=100)[0], X[0])
    assert found.all()


def test_an_op_of_the_users_is_taken_to_mix_everything() -> None:
    twice = bp.op(lambda x: x * 2, derive=True)
    assert found_pattern(lambda x: twice(x), X[0]).all()


def test_an_integer_has_no_part() -> None:
    assert not found_pattern(lambda x: x[0] * np.argmax(x), X[0])[0, 1:].any()
    assert not found_pattern(lambda x: np.floor(3.0) * np.ones(2), X[0]).any()
