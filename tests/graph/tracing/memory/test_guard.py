"""Guard: which arrays are copied, which are locked, and which are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop.graph.tracing.memory.guard import LARGE, Guard, same_bits


def test_small_arrays_and_views_are_copied() -> None:
    guard = Guard()
    large = np.ones(LARGE)
    for array in (np.ones(3), np.ones((2, 3), order="F"), large[1:], large.reshape(2, -1)):
        taken = guard.take(array)
        assert taken is not array
        assert not np.shares_memory(taken, array)
        assert not taken.flags.writeable
        assert taken.strides == array.strides
        assert guard.take(taken) is taken
    assert not guard.locked


def test_large_arrays_are_locked_until_release() -> None:
    guard, inner = Guard(), Guard()
    large = np.ones(LARGE)
    assert guard.take(large) is large
    assert inner.take(large) is large
    inner.release()
    assert not large.flags.writeable
    assert guard.locked
    guard.release()
    assert large.flags.writeable
    assert not guard.locked


@pytest.mark.parametrize("value", [1.0, "text", None, np.float64(2), np.frombuffer(b"01234567")])
def test_what_nobody_can_write_to_is_left_alone(value: Any) -> None:
    guard = Guard()
    assert guard.take(value) is value
    assert not guard.locked


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int64", "bool"])
def test_same_bits(dtype: str) -> None:
    array = np.array([[0, 1, 0], [1, 1, 1]]).astype(dtype)
    other = array.copy("F")
    assert same_bits(array, other)
    assert same_bits(array[:, ::2], other[:, ::2])
    other[1, 2] = 0
    assert not same_bits(array, other)
    assert not same_bits(array, array[:1])


def test_same_bits_of_nan_and_of_zeros() -> None:
    assert same_bits(np.array([np.nan]), np.array([np.nan]))
    assert not same_bits(np.array([0.0]), np.array([-0.0]))
    assert not same_bits(np.array([0j]), np.array([-0.0j]))
    assert not same_bits(np.array([1.0]), np.array([1], "int64"))
