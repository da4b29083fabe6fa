"""Guard: the user's arrays that a trace has taken in stay as they were for as long as it is open.

A traced function is Python code, and may write to an array after a node has read it; what runs later would silently
be another function. Small arrays and views are copied, which makes such a write harmless: a loop may fill one buffer
again and again. A large array that owns its memory is made read-only until the trace ends, which makes the write an
error at the assignment, and costs nothing.

Limits: an array whose `writeable` flag is off counts as a constant, and is never copied; a view of a large array that
was made before the trace can still write to it.
"""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from ...errors import MutationError, Source
from ..ownership import LOCKS, frozen, is_array, is_writable

LARGE = 1 << 16
"""Bytes above which an array is locked rather than copied."""


class Guard:
    """The arrays that a trace has locked."""

    __slots__ = ("_locked",)

    def __init__(self) -> None:
        self._locked: list[np.ndarray[Any, Any]] = []

    def take(self, value: Any) -> Any:
        """A value that stays what it is until the guard is released: the value itself, or where need be a copy."""
        if not is_array(value) or not is_writable(value):
            return value
        if value.nbytes <= LARGE or value.base is not None:
            return frozen(value)
        if LOCKS.hold(value):
            self._locked.append(value)
        return value

    @property
    def locked(self) -> bool:
        """Whether any array is locked."""
        return bool(self._locked)

    def release(self) -> None:
        """Make the locked arrays writable again."""
        while self._locked:
            LOCKS.release(self._locked.pop())


def written(error: ValueError) -> MutationError:
    """What to raise where a traced function writes to a locked array, from NumPy's own error."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    return MutationError(
        f"an array that the traced function has used, or got as an argument, was written to: {error}",
        Source(line.filename, line.lineno or 0, line.name),
        "write to a copy of it, or make a new array",
    )


def same_bits(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are equal to the bit: NaN equals itself, and 0.0 differs from -0.0."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind == "c":
        return same_bits(one.real, other.real) and same_bits(one.imag, other.imag)
    bits = f"u{one.dtype.itemsize}"
    return np.array_equal(one.view(bits), other.view(bits))
