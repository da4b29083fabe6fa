"""How many bytes a value keeps in memory: what it refers to, found as the garbage collector finds it.

Code counts by its closure and defaults, and not by its module, which stays anyway. Large pieces, such as arrays that
closures hold, are told apart, so that what several values share can be counted once.

Limits: an estimate; beyond `MOST` objects no more are looked at.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

PIECE = 1 << 12
"""Bytes from which an object is a piece of its own."""

MOST = 1 << 14
"""Objects that are looked at for one value."""

ENDS = (ModuleType, type, BuiltinFunctionType, CodeType, FrameType, np.dtype, np.ufunc)
"""Where the search ends: what belongs to a module, and stays in memory whatever refers to it."""


LEAVES = frozenset({int, float, complex, bool, str, bytes, type(None)})
"""Classes of values that refer to nothing."""


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
    todo = list(roots)
    while todo and len(seen) < MOST:
        value = todo.pop()
        kind = type(value)
        if id(value) in seen or (kind not in LEAVES and issubclass(kind, ENDS)):
            continue
        seen.add(id(value))
        nbytes = sys.getsizeof(value)
        if kind not in LEAVES:
            more, parts = _held(value, kind)
            nbytes += more
            todo += parts
        if nbytes >= PIECE:
            pieces[id(value)] = nbytes
        else:
            small += nbytes
    return Footprint(small, pieces)


def _held(value: Any, kind: type) -> tuple[int, Iterable[Any]]:
    """The bytes of a value besides its own, and what it refers to."""
    if kind is tuple or kind is dict or kind is list:
        return 0, gc.get_referents(value)
    held = getattr(kind, "held", None)
    if held is not None:
        return held(value)  # type: ignore[no-any-return]
    if isinstance(value, np.ndarray):
        more = 0 if value.base is not None or value.flags.owndata else value.nbytes
        return more, gc.get_referents(value) if value.dtype.hasobject else () if value.base is None else (value.base,)
    if isinstance(value, FunctionType):
        return 0, (value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__)
    return 0, gc.get_referents(value)
