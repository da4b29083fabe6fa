"""Reports of users, section 6: a failing branch, and an interrupt, while two threads are busy."""

from __future__ import annotations

import contextlib
import faulthandler
import signal
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


X = np.random.default_rng(0).normal(size=(4, 200, 200)) / 200


def busy(op: Any) -> Any:
    """The gradient of four branches with an op in each, on two threads."""
    return bp.compile(
        bp.grad(lambda x: sum(np.sum(np.tanh(op(x[k] @ x[k])) @ x[k]) for k in range(4))), executor=bp.Threads(2)
    )


def test_a_failing_branch_does_not_hang() -> None:
    failing: list[bool] = []

    def compute(x: Any) -> Any:
        if failing:
            raise FloatingPointError("on purpose")
        return x + 1

    op = bp.op(compute, vjp=lambda g, out, x: g, like=0)

    compiled = busy(op)
    want = compiled(X)
    for _ in range(30):
        failing.append(True)
        with pytest.raises(FloatingPointError):
            compiled(X)
        failing.clear()
        np.testing.assert_array_equal(compiled(X), want)


def test_an_interrupt_does_not_hang() -> None:
    pending: list[bool] = []

    def compute(x: Any) -> Any:
        with contextlib.suppress(IndexError):  # of the four branches one
            pending.pop()
            signal.raise_signal(signal.SIGINT)  # to the calling thread, whichever runs this
        return x + 1

    compiled = busy(bp.op(compute, vjp=lambda g, out, x: g, like=0))
    want = compiled(X)
    for _ in range(30):
        pending.append(True)
        with pytest.raises(KeyboardInterrupt):
            compiled(X)
        np.testing.assert_array_equal(compiled(X), want)
