from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.compiling.replay import matcher
from backprop.graph.tracing.structures.structure import flatten
from backprop.scheduler.events import Recorder

Pair = namedtuple("Pair", "a b")
X = np.arange(6.0).reshape(2, 3)


def matched(args: tuple[Any, ...], other: tuple[Any, ...], kwargs: Any = None, others: Any = None) -> Any:
    """What a check made for some arguments says of others."""
    values, structure = flatten((args, kwargs or {}))
    match = matcher(structure, range(len(values)), {})
    assert match is not None
    return match(other, others or {})


ALIKE = [
    ((X,), (X + 1,)),
    ((X, 2.0), (X, 3.0)),
    (([X, (X, None)],), ([X * 2, (X, None)],)),
    (({"a": X, "b": [X]},), ({"b": [X], "a": X},)),
    ((Pair(X, 1),), (Pair(X, 1),)),
    ((np.float32(1), 1j, "mode", True), (np.float32(2), 2j, "mode", True)),
]


@pytest.mark.parametrize(("args", "other"), ALIKE)
def test_arguments_of_the_same_signature_match(args: Any, other: Any) -> None:
    got = matched(args, other)
    expected, _ = flatten(other)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


UNLIKE = [
    ((X,), (X.astype("float32"),)),
    ((X,), (X[:1],)),
    ((X,), (X, X)),
    ((X,), ([X],)),
    ((X,), (2.0,)),
    ((X,), (np.ma.masked_array(X),)),
    ((2.0,), (2,)),
    ((2.0,), (np.float64(2),)),
    (([X],), ((X,),)),
    (([X],), ([X, X],)),
    (({"a": X},), ({"b": X},)),
    (({"a": X},), ({"a": X, "b": X},)),
    ((Pair(X, 1),), ((X, 1),)),
    ((X, 1), (X, 2)),
    ((X, 1), (X, True)),
    ((X, None), (X, X)),
    ((X, "a"), (X, "b")),
]


@pytest.mark.parametrize(("args", "other"), UNLIKE)
def test_arguments_of_another_signature_do_not(args: Any, other: Any) -> None:
    assert matched(args, other) is None


def test_keywords_are_a_part_of_the_signature() -> None:
    assert matched((X,), (X,), {"k": 1.0}, {"k": 2.0}) is not None
    assert matched((X,), (X,), {"k": 1.0}, {"j": 2.0}) is None
    assert matched((X,), (X,), {}, {"k": 2.0}) is None


def test_strided_arrays_are_made_contiguous() -> None:
    (got,) = matched((X,), (np.arange(6.0).reshape(3, 2).T,))
    assert got.flags.c_contiguous


@dataclass
class Record:
    x: Any


def test_records_go_the_long_way() -> None:
    values, structure = flatten(((Record(X),), {}))
    assert matcher(structure, range(len(values)), {}) is None
    f = bp.compile(bp.grad(lambda r: np.sum(r.x**2)))
    np.testing.assert_array_equal(f(Record(X)).x, f(Record(X)).x)


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2), bp.Auto()])
def test_a_replay_gives_what_the_first_call_gave(executor: Any) -> None:
    captured = np.ones(3)

    def f(params: Any, k: float) -> Any:
        return np.sum(np.tanh(params["w"] @ (params["b"] + captured)) * k)

    g = bp.compile(bp.value_and_grad(f), executor)
    args = {"w": X, "b": np.ones(3)}, 0.5
    first, second = g(*args), g(*args)
    assert g.traces == 1
    assert type(first[0]) is type(second[0])
    np.testing.assert_array_equal(first[0], second[0])
    for key in ("w", "b"):
        np.testing.assert_array_equal(first[1][key], second[1][key])
    other = {"w": X[:, ::-1] / 10, "b": np.arange(3.0)}, 0.25
    np.testing.assert_array_equal(g(*other)[1]["w"], bp.grad(f)(*other)["w"])


def test_results_of_a_replay_share_no_memory() -> None:
    f = bp.compile(lambda x, y: (x, x.T, y * 1, x, np.ones(3), (x + y)[0]))
    f(X, X)
    results = f(X, X)
    for k, a in enumerate(results):
        assert a.flags.writeable
        assert a.base is None
        assert not np.shares_memory(a, X)
        assert not any(np.shares_memory(a, b) for b in results[k + 1 :])


def test_results_that_are_kept_stay_as_they_are() -> None:
    f = bp.compile(bp.grad(lambda x: np.sum(x**3)))
    large = np.ones((100, 100))
    kept = [f(large * k) for k in range(4)]
    for k, value in enumerate(kept):
        np.testing.assert_array_equal(value, 3.0 * k**2 * large)


def test_values_that_steer_are_asked_at_every_call() -> None:
    f = bp.compile(lambda x: x * 2 if x.sum() > 0 else x * 3)
    for sign in (1, -1, 1, -1):
        np.testing.assert_array_equal(f(sign * np.ones(3)), sign * np.ones(3) * (2 if sign > 0 else 3))


def test_another_executor_is_used_where_one_is_chosen() -> None:
    f = bp.compile(lambda x: x * 2)
    f(X)
    recorder = Recorder()
    with bp.use(bp.Serial(recorder=recorder)):
        f(X)
        f(X)
    assert len(recorder.events) == 4
