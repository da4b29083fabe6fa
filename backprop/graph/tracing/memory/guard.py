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

from ....errors import GraphTypeError, MutationError, Source
from ....ops.core.types import ValueType, type_of
from ...ownership import LOCKS, frozen, is_array, is_writable
from ..source_lines import located, user_line

LARGE = 1 << 16
"""Bytes above which an array is locked rather than copied."""


class Guard:
    """The arrays that a trace has locked.

    Attributes:
        lent: whether it has given away arrays of elements that cannot be written to.
        apart: whether it has given away any arrays of elements.
    """

    __slots__ = ("_locked", "apart", "lent")

    def __init__(self) -> None:
        self._locked: list[np.ndarray[Any, Any]] = []
        self.lent = self.apart = False

    def take(self, value: Any) -> Any:
        """A value that stays what it is until the guard is released: the value itself, or where need be a copy."""
        if not is_array(value) or not is_writable(value):
            return value
        if value.nbytes <= LARGE or value.base is not None:
            return frozen(value)
        if LOCKS.hold(value):
            self._locked.append(value)
        return value

    def references_held(self, array: Any) -> int:
        """How many references this guard, and the table of locks for it, have to an array."""
        return 2 if any([locked is array for locked in self._locked]) else 0

    @property
    def locked(self) -> bool:
        """Whether any array is locked, or was given away read-only."""
        return self.lent or bool(self._locked)

    def release(self) -> None:
        """Make the locked arrays writable again."""
        while self._locked:
            LOCKS.release(self._locked.pop())


def written(error: Exception) -> MutationError:
    """What to raise where a traced function writes to a locked array, from NumPy's own error."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    return MutationError(
        f"an array that the traced function has used, or got as an argument, was written to: {error}",
        Source(line.filename, line.lineno or 0, line.name),
        "write to a copy of it, or make a new array; where numpy.asarray made it of a traced one, leave that out",
    )


def same_bits(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are equal to the bit: NaN equals itself, and 0.0 differs from -0.0."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind == "c":
        return same_bits(one.real, other.real) and same_bits(one.imag, other.imag)
    bits = f"u{one.dtype.itemsize}"
    return np.array_equal(one.view(bits), other.view(bits))


def unchanged(kept: Any, captured: Any) -> bool:
    """Whether something that a trace has captured is still what it kept: an array, or a Var of an outer trace."""
    if not is_array(kept):
        return kept is captured or getattr(kept, "id", None) == getattr(captured, "id", None)
    return kept is captured or same_bits(kept, captured)


def type_taken_in(value: Any, where: Source | None) -> ValueType[Any]:
    """The type of a value that a trace takes in.

    Errors:
        GraphTypeError: a dtype that is not supported, at `where`, or at the user's line.
    """
    try:
        return type_of(value)
    except GraphTypeError as error:
        raise located(error, where or user_line()) from None
