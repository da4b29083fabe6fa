"""Steering: questions that plain Python asks of values, and the errors of those that would lose the derivative."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import (
    TracedConversionError,
)

X = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.25]])
Y = np.array([[1.5, 0.5, 1.0], [2.0, 0.75, 4.0]])


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_values_steer_the_code() -> None:
    def halved(x: Any) -> Any:
        steps = 0
        while x.sum() > 1:
            x, steps = x / 2, steps + 1
        return x * steps

    same(bp.evaluate(halved)(X), halved(X))
    assert bp.evaluate(lambda x: x * x.value.shape[0])(X).shape == X.shape


def broken(f: Callable[[Any], Any]) -> pytest.ExceptionInfo[Exception]:
    with pytest.raises(Exception, match=r".") as caught:
        bp.evaluate(f)(X)
    return caught


BROKEN: dict[str, tuple[Callable[[Any], Any], type, type]] = {
    "math": (lambda x: math.sin(x[0, 0]), TracedConversionError, TypeError),
    "float": (lambda x: float(x[0, 0]), TracedConversionError, TypeError),
    "complex": (lambda x: complex(x[0, 0]), TracedConversionError, TypeError),
    "index": (lambda x: [1, 2, 3][x[0, 0]], TracedConversionError, TypeError),
}


@pytest.mark.parametrize(("f", "error", "builtin"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_named_with_the_users_line(f: Callable[[Any], Any], error: type, builtin: type) -> None:
    caught = broken(f)
    assert caught.type is error, repr(caught.value)
    assert issubclass(error, builtin)
    assert "test_steering.py" in str(caught.value)


def test_a_graph_in_the_making_has_no_values() -> None:
    x = bp.GraphBuilder().input("x", bp.ScalarType())
    with pytest.raises(TracedConversionError, match="no value yet"):
        bool(x > 0)


def test_a_var_prints_its_type_and_what_made_it() -> None:
    x = bp.GraphBuilder().input("x", bp.ArrayType((2, 3)))
    assert repr(x) == "Var(float64[2, 3], input x)"
    made = np.sin(x)
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert repr(made) == f"Var(float64[2, 3], sin at test_steering.py:{line})"
    seen: list[str] = []
    bp.evaluate(lambda v: seen.append(repr(v)) or v + 1)(X)
    assert seen == ["Var(float64[2, 3], input 0)"]
