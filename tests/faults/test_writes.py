"""Reports of users, section 4: written, and lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprop as bp
from tests.faults.inputs import near, refusal

X = np.array([1.0, 2.0, 3.0, 4.0])


def add_to(buffer: Any, x: Any) -> None:
    buffer += x


def by_a_helper(x: Any) -> Any:
    buffer = np.zeros(4)
    add_to(buffer, x)
    return np.sum(buffer)


def by_a_view(x: Any) -> Any:
    y = x * 1.0
    v = y[:2]
    v *= 2
    return np.sum(y)


def by_a_copy(x: Any) -> Any:
    y = x * 1.0
    rolled = np.roll(y, 0)
    rolled += 1
    return np.sum(y)


def by_assignment(x: Any) -> Any:
    r = np.zeros(4)
    r[0] = x[0]
    return np.sum(r)


def by_parts(x: Any) -> Any:
    y = np.split(x * 1.0, 2)
    y[0][0] = 5.0
    return np.sum(np.concatenate(y) ** 2)


def by_a_row(x: Any) -> Any:
    y = np.stack([x, x])
    y[0][1] = 5.0
    return np.sum(y**2)


def by_a_ufunc(x: Any) -> Any:
    y = x * 1.0
    np.add.at(y, [0, 0], 1.0)
    return np.sum(y**2)


def by_the_real_part(x: Any) -> Any:
    y = x * 1j
    y.real[0] = 5.0
    return np.sum(np.abs(y) ** 2)


WRITES = [by_a_helper, by_a_view, by_a_copy, by_assignment, by_parts, by_a_row, by_a_ufunc]


@pytest.mark.parametrize("function", [*WRITES, by_the_real_part])
def test_a_write_takes_effect_or_is_an_error_of_ours(function: Callable[[Any], Any]) -> None:
    told = refusal(function, X)
    if told is None:
        assert near(bp.evaluate(function)(X), function(X.copy()))
    else:
        assert "sequence" not in told
        assert "test_writes.py" in told
