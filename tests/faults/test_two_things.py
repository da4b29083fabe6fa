"""Reports of users, section 5: two things taken for one, or kept too long."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backprop as bp
from backprop.errors import BackpropError
from tests.faults.inputs import near


def test_an_integer_power_and_a_real_one() -> None:
    whole, real = bp.evaluate(lambda x: (x**3, x**3.0))(np.arange(3))
    assert (whole.dtype.kind, real.dtype.kind) == ("i", "f")


def test_zeros_of_both_signs() -> None:
    def both(x: Any) -> Any:
        return np.nan_to_num(x, nan=0.0), np.nan_to_num(x, nan=-0.0)

    positive, negative = bp.evaluate(both)(np.array([np.nan]))
    assert not np.signbit(positive[0])
    assert np.signbit(negative[0])


def test_an_object_that_changed_between_compiled_calls() -> None:
    o = SimpleNamespace(k=2.0)
    compiled = bp.compile(bp.grad(lambda x, o: x * o.k))
    compiled(1.0, o)
    o.k = 5.0
    try:
        found = compiled(1.0, o)
    except BackpropError:
        return
    assert found == 5.0


def first(x: Any) -> Any:
    return np.sum(np.linalg.inv(x))


def second(x: Any) -> Any:
    return np.sum(np.linalg.inv(x))


def test_the_note_names_the_line_of_the_call_that_failed() -> None:
    for function in (first, second):
        with pytest.raises(np.linalg.LinAlgError) as caught:
            bp.grad(function)(np.zeros((2, 2)))
        assert f":{function.__code__.co_firstlineno + 1}" in " ".join(caught.value.__notes__)


def test_fresh_executors_are_let_go() -> None:
    made: list[weakref.ref[Any]] = []

    def once() -> None:
        executor = bp.Threads(2)
        bp.grad(lambda x: np.sum(np.sin(x) * x), executor=executor)(np.ones(20_000))
        made.append(weakref.ref(executor))

    for _ in range(20):
        once()
    gc.collect()
    assert sum(executor() is not None for executor in made) <= 1


def test_two_dropouts_are_two() -> None:
    calls: list[Any] = []

    def dropout(x: Any) -> Any:
        calls.append(x)
        return x * len(calls)

    op = bp.op(dropout, like=0, pure=False)
    assert bp.evaluate(lambda x: op(x) - op(x))(1.0) != 0


def test_a_frame_as_an_argument_of_a_compiled_function() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    compiled = bp.compile(lambda x, frame: np.sum(x * np.asarray(frame["a"])))
    assert near([compiled(1.0, frame), compiled(1.0, frame)], 3)
