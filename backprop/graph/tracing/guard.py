"""Guard: the user's arrays that a trace has taken in stay as they were for as long as it is open.

A traced function is Python code, and may write to an array after a node has read it; what runs later would silently
be another function. Small arrays and views are copied, which makes such a write harmless: a loop may fill one buffer
again and again. A large array that owns its memory is made read-only until the trace ends, which makes the write an
error at the assignment, and costs nothing.

Limits: an array whose `writeable` flag is off counts as a constant, and is never copied; a view of a large array that
was made before the trace can still write to it.
"""

from __future__ import annotations

import threading
import traceback
from typing import Any

import numpy as np

from ...errors import MutationError, Source

LARGE = 1 << 16
"""Bytes above which an array is locked rather than copied."""


class Locks:
    """How many open traces hold each array read-only: it becomes writable again when the last one releases it.

    An array is known by its identity for as long as it is held, and is kept alive for as long.
    """

    __slots__ = ("_held", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, tuple[np.ndarray[Any, Any], int]] = {}

    def hold(self, array: np.ndarray[Any, Any]) -> bool:
        """Make an array read-only; False where it is so for another reason, and nothing is to be released."""
        with self._lock:
            _, count = self._held.get(id(array), (array, 0))
            if not count and not array.flags.writeable:
                return False
            self._held[id(array)] = (array, count + 1)
            array.setflags(write=False)
            return True

    def release(self, array: np.ndarray[Any, Any]) -> None:
        """Undo one `hold`."""
        with self._lock:
            _, count = self._held.pop(id(array))
            if count > 1:
                self._held[id(array)] = (array, count - 1)
            else:
                array.setflags(write=True)

    def holds(self, array: np.ndarray[Any, Any]) -> bool:
        """Whether an array is read-only only for as long as a trace is open."""
        return id(array) in self._held


LOCKS = Locks()
"""Those of this process: traces in several threads may take in the same array."""


class Guard:
    """The arrays that a trace has locked."""

    __slots__ = ("_locked",)

    def __init__(self) -> None:
        self._locked: list[np.ndarray[Any, Any]] = []

    def take(self, value: Any) -> Any:
        """A value that stays what it is until the guard is released: the value itself, or where need be a copy."""
        if not issubclass(type(value), np.ndarray) or not writable(value):
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


def frozen(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A read-only copy of an array, in its layout."""
    copy = array.copy(order="K")
    copy.setflags(write=False)
    return copy


def writable(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array, or one whose memory it shares, can be written to, now or when open traces have ended."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable or LOCKS.holds(owner):
            return True
        owner = owner.base
    return False


def same_bits(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are equal to the bit: NaN equals itself, and 0.0 differs from -0.0."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind == "c":
        return same_bits(one.real, other.real) and same_bits(one.imag, other.imag)
    bits = f"u{one.dtype.itemsize}"
    return np.array_equal(one.view(bits), other.view(bits))
