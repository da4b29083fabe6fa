"""Traced arrays: attributes, items and NumPy's protocols, and the errors of what they cannot do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import (
    AssignmentError,
    GraphTypeError,
    OutOfRangeError,
    TracedConversionError,
    UnknownFunctionError,
)
from backprop.ops.core.types import type_of

X = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.25]])
Y = np.array([[1.5, 0.5, 1.0], [2.0, 0.75, 4.0]])


def test_attributes_of_a_var() -> None:
    x = bp.GraphBuilder().input("x", bp.ArrayType((2, 3), "float32"))
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, x.itemsize, len(x)) == ((2, 3), np.float32, 2, 6, 24, 4, 2)
    assert x.type == type_of(np.zeros((2, 3), "float32"))
    with pytest.raises(AttributeError, match="nonsense"):
        x.nonsense  # noqa: B018
    with pytest.raises(TypeError):
        len(x[0, 0])
    with pytest.raises(TypeError):
        iter(x[0, 0])


def broken(f: Callable[[Any], Any]) -> pytest.ExceptionInfo[Exception]:
    with pytest.raises(Exception, match=r".") as caught:
        bp.evaluate(f)(X)
    return caught


BROKEN: dict[str, tuple[Callable[[Any], Any], type, type]] = {
    "array": (lambda x: np.array([x, x], float), TracedConversionError, TypeError),
    "assignment": (lambda x: operator.delitem(x, 0), AssignmentError, TypeError),
    "out": (lambda x: np.exp(x, out=np.zeros((2, 3))), AssignmentError, TypeError),
    "unknown": (lambda x: np.busday_count(x, x), UnknownFunctionError, TypeError),
    "accumulate": (lambda x: np.maximum.accumulate(x), UnknownFunctionError, TypeError),
    "argument": (lambda x: x.sum(nonsense=2), GraphTypeError, TypeError),
}


@pytest.mark.parametrize(("f", "error", "builtin"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_named_with_the_users_line(f: Callable[[Any], Any], error: type, builtin: type) -> None:
    caught = broken(f)
    assert caught.type is error, repr(caught.value)
    assert issubclass(error, builtin)
    assert "test_array_protocols.py" in str(caught.value)


def test_an_index_out_of_range_is_an_index_error_with_the_users_line() -> None:
    caught = broken(lambda x: x[5])
    assert isinstance(caught.value, OutOfRangeError)
    assert isinstance(caught.value, IndexError)
    assert "test_array_protocols.py" in str(caught.value.where)
