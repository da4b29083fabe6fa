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


def energy(x: Array, scale: float = 1.0) -> float:
    total: float = np.sum(x**2) * scale
    return total


def cube(x: float) -> float:
    return x**3


def residuals(weight: float, x: Array) -> Array:
    return weight * x


def test_matrices_of_arrays_are_arrays() -> None:
    assert_type(bp.jacobian(square)(X), Array)
    assert_type(bp.jacobian(residuals, 1)(2.0, X), Array)
    assert_type(bp.hessian(energy)(X, 2.0), Array)
    assert_type(bp.jacobian(cube)(2.0), float)
    assert_type(bp.hessian(cube)(2.0), float)


def test_a_product_with_the_hessian_has_the_type_of_its_vector() -> None:
    assert_type(bp.hvp(energy, (X, 2.0), X), Array)
    assert_type(bp.hvp(energy, X, X), Array)


def test_a_loss_by_shards_has_the_type_of_the_loss() -> None:
    assert_type(bp.minibatch(energy, 0)(X), float)


def test_a_vector_leads_back_to_the_type_of_the_value() -> None:
    flat, unravel = bp.ravel((1.0, X))
    assert_type(flat, Array)
    assert_type(unravel(flat), tuple[float, Array])
    assert_type(bp.tree_map(lambda x: x, {"a": X}), dict[str, Array])
