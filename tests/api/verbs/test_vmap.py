"""vmap: many calls at once are the calls one by one, in whatever operators stand around or inside."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ArgumentError, ShapeError, TracedConversionError
from backprop.scheduler.executors.base import AbstractExecutor

RNG = np.random.default_rng(0)
W = RNG.normal(size=(3, 3))
ROWS = RNG.normal(size=(5, 3))
NUMBERS = RNG.normal(size=5)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def layer(x: Any) -> Any:
    return np.tanh(W @ x)


def steps(x: Any) -> Any:
    return bp.scan(lambda h, w: (np.tanh(h * w + x), np.sum(h)), x, np.ones((4, 3)))[0]


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a layer": layer,
    "a gradient": bp.grad(lambda x: np.sum(layer(x) ** 2)),
    "a Jacobian": bp.jacobian(layer),
    "a Jacobian forward": bp.jacobian(layer, mode="forward"),
    "a product with the Hessian": lambda x: bp.hvp(lambda x: np.sum(layer(x)), x, np.ones(3)),
    "steps": steps,
    "the gradient of steps": bp.grad(lambda x: np.sum(steps(x))),
    "a choice call by call": lambda x: bp.switch(x[0] > 0, (np.sin, lambda x: x**2), x),
    "a checkpoint": bp.grad(lambda x: np.sum(bp.checkpoint(layer)(x))),
    "equations": lambda x: np.linalg.solve(W + np.outer(x, x), x),
    "items": lambda x: x[np.argmax(x)] * x[::-1],
    "compiled": bp.compile(layer),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_many_calls_are_the_calls_one_by_one(name: str) -> None:
    f = FUNCTIONS[name]
    close(bp.vmap(f)(ROWS), [f(row) for row in ROWS])
    close(bp.vmap(f, 1)(ROWS.T), [f(row) for row in ROWS])
    close(bp.vmap(f, -1)(ROWS.T), [f(row) for row in ROWS])


def test_axes_for_each_argument() -> None:
    def f(p: Any, x: Any, n: int, *, k: Any) -> Any:
        return {"y": p["w"] @ x * k, "n": n, "s": sum(x[i] for i in range(n))}

    found = bp.vmap(f, (None, 1, None))({"w": W}, ROWS.T, 2, k=NUMBERS)
    expected = [f({"w": W}, x, 2, k=k) for x, k in zip(ROWS, NUMBERS, strict=True)]
    close(found["y"], [one["y"] for one in expected])
    close(found["s"], [one["s"] for one in expected])
    close(found["n"], [2] * 5)


def test_nested() -> None:
    found = bp.vmap(bp.vmap(lambda a, b: a * b, (0, None)), (None, 0))(NUMBERS, NUMBERS)
    close(found, np.outer(NUMBERS, NUMBERS))


def test_derivatives_of_many_calls() -> None:
    def loss(x: Any) -> Any:
        return np.sum(bp.vmap(layer)(x) ** 2)

    def by_hand(x: Any) -> Any:
        return np.sum(np.tanh(x @ W.T) ** 2)

    close(bp.grad(loss)(ROWS), bp.grad(by_hand)(ROWS))
    close(bp.compile(bp.grad(loss))(ROWS), bp.grad(by_hand)(ROWS))


def test_captured_values_of_an_outer_trace() -> None:
    def loss(w: Any) -> Any:
        return np.sum(bp.vmap(lambda x: np.tanh(w @ x))(ROWS))

    close(bp.grad(loss)(W), bp.grad(lambda w: np.sum(np.tanh(ROWS @ w.T)))(W))


def test_what_does_not_depend_on_the_call_is_repeated() -> None:
    close(bp.vmap(lambda x: (np.ones(2), 3.0))(NUMBERS)[0], np.ones((5, 2)))
    assert bp.vmap(lambda x: 3)(NUMBERS).dtype.kind == "i"


def test_random_branches_differ_from_call_to_call() -> None:
    with pytest.raises(TracedConversionError):
        bp.vmap(lambda x: x if x > 0 else -x)(NUMBERS)
    close(bp.vmap(lambda x: x if np.sum(W) > 100 else -x)(NUMBERS), -NUMBERS)


def test_executors_give_the_same_bits(executor: AbstractExecutor) -> None:
    expected = bp.vmap(layer, executor=bp.Serial())(ROWS)
    assert bp.vmap(layer, executor=executor)(ROWS).tobytes() == expected.tobytes()


def test_results_share_no_memory_with_arguments() -> None:
    x = ROWS.copy()
    found = bp.vmap(lambda x: x)(x)
    found[...] = 7
    close(x, ROWS)


def test_errors() -> None:
    with pytest.raises(ShapeError, match=r"args\[0\] has 0 axes, and so no axis 0"):
        bp.vmap(np.sin)(3.0)
    with pytest.raises(ShapeError, match="no axis 2"):
        bp.vmap(np.sin, 2)(ROWS)
    with pytest.raises(ShapeError, match=r"\[3, 5\]"):
        bp.vmap(lambda a, b: a)(ROWS, W)
    with pytest.raises(ShapeError, match="no arrays"):
        bp.vmap(lambda a: a, None)(ROWS)
    with pytest.raises(ArgumentError, match="in_axes has 1 items"):
        bp.vmap(lambda a, b: a, (0,))(ROWS, W)


def test_it_is_pickled_by_its_parts() -> None:
    close(pickle.loads(pickle.dumps(bp.vmap(layer)))(ROWS), bp.vmap(layer)(ROWS))


def test_axes_of_the_parts_of_an_argument_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"in_axes\[0\] is .* one axis for all.*\n.*\n.*several arguments"):
        bp.vmap(lambda d, b: d["a"] * b, in_axes=({"a": 1}, None))({"a": np.ones((2, 3))}, 3.0)  # type: ignore[arg-type]
