"""Reports of users, section 6: a failing branch while others are busy, on two threads."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import backprop as bp


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(300.0, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def test_a_failing_branch_does_not_hang() -> None:
    failing: list[bool] = []

    def compute(x: Any) -> Any:
        if failing:
            raise FloatingPointError("on purpose")
        return x + 1

    op = bp.op(compute, vjp=lambda g, out, x: g, like=0)

    def loss(x: Any) -> Any:
        return sum(np.sum(np.tanh(op(x[k] @ x[k])) @ x[k]) for k in range(4))

    x = np.random.default_rng(0).normal(size=(4, 200, 200)) / 200
    compiled = bp.compile(bp.grad(loss), executor=bp.Threads(2))
    want = compiled(x)
    for _ in range(30):
        failing.append(True)
        with pytest.raises(FloatingPointError):
            compiled(x)
        failing.clear()
        np.testing.assert_array_equal(compiled(x), want)
