"""Arrays that are written to while a gradient still needs them: the gradient is right, or the write is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import MutationError
from backprop.graph.tracing.memory.guard import LARGE

SMALL, BIG = 3, LARGE  # numbers of elements; BIG is 8 times LARGE bytes

sizes = pytest.mark.parametrize("n", [SMALL, BIG], ids=["small", "large"])


def expect(found: Any, value: float) -> None:
    np.testing.assert_array_equal(found, np.full(found.shape, value))


# Between the forward and the reverse pass.


@sizes
@pytest.mark.parametrize(
    "view",
    [lambda x: x, lambda x: x[1:], lambda x: x[::2], lambda x: x.reshape(-1, 1)],
    ids=["own", "part", "odd", "2d"],
)
def test_an_input_of_vjp(n: int, view: Callable[[Any], Any]) -> None:
    x = np.ones(n)
    _, pullback = bp.vjp(lambda x: np.sum(x * x), view(x))
    x[...] = 50
    expect(pullback(1.0)[0], 2)
    assert x.flags.writeable


@sizes
def test_an_input_of_vjp_by_an_older_view(n: int) -> None:
    x = np.ones(n)
    view = x[:]
    _, pullback = bp.vjp(lambda x: np.sum(x * x), x)
    view[...] = 50
    expect(pullback(1.0)[0], 2)


@sizes
def test_a_captured_array_of_vjp(n: int) -> None:
    constant = np.ones(n)
    _, pullback = bp.vjp(lambda x: np.sum(x * constant), np.ones(n))
    constant[...] = 50
    expect(pullback(1.0)[0], 1)


@sizes
@pytest.mark.parametrize("f", [np.exp, lambda x: np.exp(x).reshape(-1, 1)], ids=["own", "view"])
def test_a_result_of_vjp_that_is_also_a_residual(n: int, f: Callable[[Any], Any]) -> None:
    out, pullback = bp.vjp(f, np.zeros(n))
    seed = np.ones_like(out)
    out[...] = 50
    expect(pullback(seed)[0], 1)


@sizes
def test_results_that_are_the_input(n: int) -> None:
    x = np.ones(n)
    (same, turned, _), pullback = bp.vjp(lambda x: (x, x.T, np.sum(x * x)), x)
    same[...] = 50
    turned[...] = 60
    expect(x, 1)
    expect(pullback((np.zeros(n), np.zeros(n), 1.0))[0], 2)


@sizes
def test_seeds_and_gradients(n: int) -> None:
    _, pullback = bp.vjp(lambda x: (x, 2 * x), np.ones(n))
    seed = np.ones(n)
    first = pullback((seed, seed))[0]
    seed[...] = 50
    first[...] = 60
    expect(pullback((np.ones(n), np.ones(n)))[0], 3)


@sizes
def test_a_plain_value_that_steered(n: int) -> None:
    def f(x: Any) -> Any:
        square = x * x
        square.value[...] = 50
        return np.sum(square * square)

    expect(bp.grad(f)(np.ones(n)), 4)


@sizes
def test_a_captured_array_of_a_compiled_function(n: int) -> None:
    constant = np.ones(n)
    gradient = bp.compile(bp.grad(lambda x: np.sum(x * constant)))
    expect(gradient(np.ones(n)), 1)
    constant[...] = 50
    expect(gradient(np.ones(n)), 1)


# While a function is traced.


def writer(array: np.ndarray[Any, Any], constant: Any = 1.0) -> Callable[[Any], Any]:
    """A function that writes to an array after it has used it."""

    def f(x: Any) -> Any:
        result = np.sum(x * x * constant)
        array[...] = 50
        return result

    return f


def test_a_small_array_that_the_function_writes_to() -> None:
    x, constant = np.ones(SMALL), np.ones(SMALL)
    expect(bp.grad(writer(x))(x), 2)
    expect(x, 50)
    expect(bp.grad(writer(constant, constant))(np.ones(SMALL)), 2)
    expect(constant, 50)


def test_a_large_array_that_the_function_writes_to() -> None:
    x, constant = np.ones(BIG), np.ones(BIG)
    for call in (lambda: bp.grad(writer(x))(x), lambda: bp.grad(writer(constant, constant))(np.ones(BIG))):
        with pytest.raises(MutationError, match=r"test_mutation\.py:.* in f\n.*write to a copy"):
            call()
    for array in (x, constant):
        expect(array, 1)
        assert array.flags.writeable


def test_the_base_of_a_large_view_that_the_function_writes_to() -> None:
    base = np.ones(BIG + 1)
    expect(bp.grad(writer(base, base[1:]))(np.ones(BIG)), 2)


def test_one_buffer_that_a_loop_fills_anew() -> None:
    buffer = np.zeros(SMALL)

    def f(x: Any) -> Any:
        total = 0.0
        for k in range(4):
            buffer[...] = k
            total = total + np.sum(x * buffer)
        return total

    expect(bp.grad(f)(np.ones(SMALL)), 6)
    expect(bp.compile(bp.grad(f))(np.ones(SMALL)), 6)


def test_a_write_between_a_question_and_the_rest() -> None:
    constant = np.ones(SMALL)

    def f(x: Any) -> Any:
        scaled = x * constant
        if np.sum(scaled) > 0:
            constant[...] = 50
        return np.sum(scaled * scaled)

    expect(bp.grad(f)(np.ones(SMALL)), 2)


def test_arrays_are_unlocked_after_an_error_of_the_function() -> None:
    x = np.ones(BIG)
    with pytest.raises(ZeroDivisionError):
        bp.grad(lambda x: 1 / 0)(x)
    assert x.flags.writeable


def test_another_error_about_read_only_arrays_is_not_ours() -> None:
    frozen = np.ones(SMALL)
    frozen.flags.writeable = False

    def f(x: Any) -> Any:
        frozen[0] = 2
        return np.sum(x)

    with pytest.raises(ValueError, match="read-only") as caught:
        bp.grad(f)(np.ones(SMALL))
    assert not isinstance(caught.value, MutationError)
