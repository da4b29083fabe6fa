"""How many bytes a value keeps in memory: what it refers to, found as the garbage collector finds it.

Code counts by its closure and defaults, and not by its module, which stays anyway. Large pieces, such as arrays that
closures hold, are told apart, so that what several values share can be counted once.

Limits: an estimate; beyond `MOST` objects no more are looked at.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

PIECE = 1 << 12
"""Bytes from which an object is a piece of its own."""

MOST = 1 << 14
"""Objects that are looked at for one value."""

ENDS = (ModuleType, type, BuiltinFunctionType, CodeType, FrameType, np.dtype, np.ufunc)
"""Where the search ends: what belongs to a module, and stays in memory whatever refers to it."""


class Footprint(NamedTuple):
    """Bytes of many small objects together, and of each large one, by identity."""

    small: int
    pieces: dict[int, int]

    @property
    def nbytes(self) -> int:
        """All bytes."""
        return self.small + sum(self.pieces.values())


def footprint(*roots: object) -> Footprint:
    """What some values keep in memory, each object counted once.

    Arguments:
        roots: the values. One that has a method `held` is asked by it for its bytes, and for what else to look at.
    """
    small, pieces = 0, dict[int, int]()
    seen: set[int] = set()
    for value in _reached(roots, seen):
        nbytes = _own_bytes(value)
        if nbytes >= PIECE:
            pieces[id(value)] = nbytes
        else:
            small += nbytes
    return Footprint(small, pieces)


def _reached(roots: Iterable[object], seen: set[int]) -> Iterator[Any]:
    """All objects that are reached from some, each once."""
    todo = list(roots)
    while todo and len(seen) < MOST:
        value = todo.pop()
        if id(value) not in seen and not issubclass(type(value), ENDS):
            seen.add(id(value))
            yield value
            todo += _parts(value)


def _own_bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return sys.getsizeof(value) + (0 if value.base is not None or value.flags.owndata else value.nbytes)
    held = getattr(type(value), "held", None)
    return sys.getsizeof(value) + (0 if held is None else int(held(value)[0]))


def _parts(value: Any) -> Iterable[Any]:
    held = getattr(type(value), "held", None)
    if held is not None:
        parts: Iterable[Any] = held(value)[1]
        return parts
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return () if value.base is None else (value.base,)
    if isinstance(value, FunctionType):
        return (value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__)
    return gc.get_referents(value)
