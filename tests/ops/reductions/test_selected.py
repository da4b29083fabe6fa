"""`where=` and `initial=` of reductions, and methods of ufuncs: values of NumPy's, and gradients of differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import ShapeError

X = np.array([[1.0, -2.0, 3.0], [0.5, 2.0, -1.0]])
MASK = X > 0

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x, axis=0, where=MASK, initial=2.0),
    "prod": lambda x: np.prod(x, where=MASK),
    "max": lambda x: np.max(x, axis=1, where=MASK, initial=-5.0),
    "min": lambda x: np.min(x, initial=0.1, where=MASK),
    "mean": lambda x: np.mean(x, axis=1, where=MASK),
    "all": lambda x: np.all(x > 0, where=MASK) * x,
    "any": lambda x: np.any(x > 1.5, axis=0, where=MASK) * x,
    "a method": lambda x: x.max(initial=2.5),
    "reduce": lambda x: np.add.reduce(x, axis=1, where=MASK),
    "outer": lambda x: np.add.outer(x, x[0]),
    "outer of a list": lambda x: np.multiply.outer([1.0, 2.0], x[0]),
    "accumulate": lambda x: np.add.accumulate(x, axis=1),
    "accumulated products": lambda x: np.multiply.accumulate(x),
    "reduceat": lambda x: np.add.reduceat(x.ravel(), [0, 3, 2]),
    "reduceat of maxima": lambda x: np.maximum.reduceat(x, [0, 2, 1], axis=1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients(name: str) -> None:
    f = FUNCTIONS[name]
    found, expected = bp.compile(f)(X), f(X)
    np.testing.assert_allclose(found, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype

    def total(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    steps = 1e-6 * np.eye(6).reshape(6, 2, 3)
    differences = [(total(X + step) - total(X - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(bp.grad(total)(X), np.reshape(differences, (2, 3)), atol=1e-8)


def test_a_maximum_of_chosen_elements_needs_a_start() -> None:
    with pytest.raises(ShapeError, match="initial"):
        bp.grad(lambda x: np.max(x, where=MASK))(X)


def test_a_number_is_formatted() -> None:
    seen = []
    bp.grad(lambda x: [seen.append(f"{np.sum(x):.3f}"), np.sum(x)][1])(X)
    assert seen == ["3.500"]
