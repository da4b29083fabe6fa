"""Nodes that hold graphs, on every executor: the same bits, the same errors, and only the taken branch runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.serial import Serial

W = np.linspace(-1.0, 1.0, 6)
XS = np.random.default_rng(3).normal(size=(5, 6))


def looped(w: Any, xs: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        c = np.tanh(c * w + x)
        return c, c @ w

    last, ys = bp.scan(step, np.zeros(6), xs)
    return np.sum(last) + np.sum(ys * ys)


def switched(w: Any, index: Any) -> Any:
    return bp.switch(index, [lambda v: np.sum(np.sin(v * w)), lambda v: np.sum(np.exp(v))], w)


def checkpointed(w: Any, xs: Any) -> Any:
    return np.sum(bp.checkpoint(lambda v: np.sin(np.exp(v)) * xs)(w) ** 2)


def all_of_them(w: Any, xs: Any, index: Any) -> Any:
    return looped(w, xs) + switched(w, index) * checkpointed(w, xs)


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other))


@pytest.mark.parametrize("index", [0, 1])
def test_gradients_have_the_bits_of_serial(executor: AbstractExecutor, index: int) -> None:
    args = (W, XS, np.array(index))
    expected = bp.grad(all_of_them, argnums=(0, 1), executor=Serial())(*args)
    found = bp.grad(all_of_them, argnums=(0, 1), executor=executor)(*args)
    assert all(map(same, expected, found))


def test_second_derivatives_have_the_bits_of_serial(executor: AbstractExecutor) -> None:
    def along(w: Any) -> Any:
        return np.sum(bp.grad(all_of_them)(w, XS, np.array(1)) * W)

    assert same(bp.grad(along, executor=Serial())(W), bp.grad(along, executor=executor)(W))


def test_an_index_out_of_range_is_the_same_error(executor: AbstractExecutor) -> None:
    with pytest.raises(IndexError, match=r"the index is 2, but 2 branches take -2 .. 1") as caught:
        bp.grad(switched, executor=executor)(W, np.array(2))
    assert any("test_control.py" in note for note in caught.value.__notes__)


def test_only_the_taken_branch_runs(executor: AbstractExecutor) -> None:
    def loss(w: Any, index: Any) -> Any:
        # The inverse of zeros raises where it is computed, and nowhere else.
        return bp.switch(index, [lambda v: np.sum(v**2), lambda v: np.sum(np.linalg.inv(v * np.zeros((2, 2))))], w)

    w = np.ones((2, 2))
    assert same(bp.grad(loss, executor=executor)(w, np.array(0)), 2 * w)
    with pytest.raises(np.linalg.LinAlgError):
        bp.grad(loss, executor=executor)(w, np.array(1))


class Sheet:
    """A class that graphs know nothing of."""

    area = 3.0


class Disc(Sheet):
    area = 5.0


def made(x: Any) -> Sheet:
    return Disc() if x > 0 else Sheet()


CASES = {
    Disc: lambda d: lambda w: np.sum(w**3),
    Sheet: lambda s: lambda w: np.sum(w * w),
}


@pytest.mark.parametrize(("x", "expected"), [(1.0, 3 * W**2), (-1.0, 2 * W)])
def test_match_on_a_class_that_turns_out_at_run_time(executor: AbstractExecutor, x: float, expected: Any) -> None:
    make = bp.op(made, infer=lambda x: bp.OpaqueType(Sheet))

    def loss(w: Any, x: Any) -> Any:
        return bp.match(make(x), {cls: lambda s, case=case: case(s)(w) for cls, case in CASES.items()})

    found = bp.grad(loss, executor=executor)(W, x)
    np.testing.assert_allclose(found, expected)
    assert same(found, bp.grad(loss, executor=Serial())(W, x))
