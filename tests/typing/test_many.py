"""What checkers make of loops, of many calls at once and of matrices of derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import backprop as bp

Array = np.ndarray[Any, Any]
X: Array = np.array([1.0, 2.0, 3.0])


def turn(i: Any, x: Array) -> Array:
    return x * 2


def step(x: Array, row: Any) -> tuple[Array, float]:
    return x * row, 1.0


def square(x: Array) -> Array:
    return x**2


def test_a_loop_has_the_type_of_its_carry() -> None:
    assert_type(bp.fori_loop(0, 3, turn, X), Array)
    last, ones = bp.scan(step, X, X, reverse=True)
    assert_type(last, Array)
    assert_type(ones, float)


def test_matrices_and_many_calls_are_functions() -> None:
    assert_type(bp.jacobian(square, 0, "forward", "auto"), Callable[..., Any])
    assert_type(bp.hessian(square, sparsity=np.eye(3)), Callable[..., Any])
    assert_type(bp.vmap(square, (0,)), Callable[..., Any])
