"""What holds on every executor beside results: error states, warnings, pickling, handles, branches that raise."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import dask.array
import numpy as np
import pytest
from dask.delayed import delayed

import backprop as bp
from backprop.scheduler.executors.base import AbstractExecutor

X = np.linspace(-1.0, 1.0, 40_000)
ROWS = np.random.default_rng(3).normal(size=(4_000, 20))
W = np.linspace(0.0, 1.0, 20)


def logs(x: Any) -> Any:
    return np.sum(np.log(x)) + np.sum(np.sqrt(x))


def loss(w: Any, x: Any) -> Any:
    return np.mean((x @ w) ** 2)


def test_an_error_state_that_raises_raises(executor: AbstractExecutor) -> None:
    for f in (bp.evaluate(logs, executor=executor), bp.compile(logs, executor=executor)):
        for _ in range(2):
            with np.errstate(all="raise"), pytest.raises(FloatingPointError):
                f(X)
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error")
                assert np.isnan(f(X))


def test_warnings_reach_the_caller_and_may_be_errors(executor: AbstractExecutor) -> None:
    for f in (bp.evaluate(logs, executor=executor), bp.compile(logs, executor=executor)):
        for _ in range(2):
            with pytest.warns(RuntimeWarning, match="invalid value") as caught:
                f(X)
            line = logs.__code__.co_firstlineno + 1
            assert {(w.filename, w.lineno) for w in caught} == {(__file__, line)}
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with pytest.raises(RuntimeWarning, match="invalid value"):
                    f(X)


def test_a_gradient_with_its_executor_is_pickled(executor: AbstractExecutor) -> None:
    for gradient in (bp.grad(loss, executor=executor), bp.compile(bp.grad(loss), executor=executor)):
        there = pickle.loads(pickle.dumps(gradient))
        assert there(W, ROWS).tobytes() == gradient(W, ROWS).tobytes()


def test_handles_are_arguments(executor: AbstractExecutor) -> None:
    expected = bp.grad(loss)(W, ROWS)
    chunked = dask.array.from_array(ROWS, (1_000, 20))
    for gradient in (bp.grad(loss, executor=executor), bp.compile(bp.grad(loss), executor=executor)):
        for x in (chunked, delayed(np.array)(ROWS)):
            np.testing.assert_allclose(gradient(W, x), expected, rtol=1e-12)


def test_a_compiled_function_one_of_whose_branches_raises_ends(executor: AbstractExecutor) -> None:
    raises = bp.op(raised, vjp=lambda g, out, x: g, like=0, name="raises", seconds=0.5)
    slow = bp.op(np.sin, vjp=lambda g, out, x: g * np.cos(x), like=0, name="slow", seconds=0.5)
    compiled = bp.compile(lambda x, y: np.sum(raises(x)) + np.sum(slow(y)), executor=executor)
    assert np.isfinite(compiled(abs(X), X))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="on purpose"):
            compiled(X, X)
        assert np.isfinite(compiled(abs(X), X))


def raised(x: Any) -> Any:
    if x[0] < 0:
        raise ZeroDivisionError("on purpose")
    return x
