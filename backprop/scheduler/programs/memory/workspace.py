"""The arrays that a program works in: made once, used by one run at a time, and kept for the next.

A pool hands each run a workspace of its own, so that one program may run in many threads at once. Views of buffers are
made with the workspace, and cost a run nothing. An array that was handed out is used again when nobody but the
workspace refers to it any more: then it is what an allocator would give, without its page faults.

Limits: arrays that were handed out are used again only where there is a global interpreter lock to count by.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from ....graph.ownership import Array, is_given_back, shares
from ....ops.core.types import ArrayType
from .arena import Buffer

KEPT = 64 << 20
"""Bytes up to which an arena, and the arrays handed out, stay with a program between two runs."""


class View(NamedTuple):
    """An array, or a tuple of them, made of earlier ones of a workspace.

    Arguments:
        make: what makes it.
        operands: which it is made of.
        params: further arguments.
    """

    make: Callable[..., Any]
    operands: tuple[int, ...]
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a workspace consists of.

    Arguments:
        slabs: bytes of each slab of the arena.
        fixed: buffers of the arena and views of them, in order.
        results: arrays that are handed out.
        pieces: buffers in these.
    """

    slabs: tuple[int, ...]
    fixed: tuple[Buffer | View, ...]
    results: tuple[ArrayType, ...]
    pieces: tuple[Buffer, ...]

    @property
    def is_kept(self) -> bool:
        """Whether workspaces are kept between runs."""
        return sum(self.slabs) <= KEPT


class Workspace:
    """The arrays of one run.

    Arguments:
        layout: what they are.
    """

    __slots__ = ("_fixed", "_handed", "_layout", "_slabs")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._slabs = [np.empty(nbytes, np.uint8) for nbytes in layout.slabs]
        self._fixed: list[Any] = []
        for entry in layout.fixed:
            self.add(entry)
        self._handed: list[Array | None] = [None] * len(layout.results)

    def add(self, entry: Buffer | View) -> None:
        """Make the next fixed array."""
        self._fixed.append(_view(self._slabs, entry) if isinstance(entry, Buffer) else self._viewed(entry))

    def is_view(self, view: View) -> bool:
        """Whether what would be made shares the memory of what it is made of."""
        value, operands = self._viewed(view), [self._fixed[k] for k in view.operands]
        if isinstance(value, tuple) or isinstance(operands[0], tuple):
            return True
        return shares(value, operands[:1])

    def _viewed(self, view: View) -> Any:
        return view.make(*[self._fixed[k] for k in view.operands], **view.params)

    def arrays(self) -> list[Any]:
        """All arrays: the fixed ones, those to hand out, and pieces of these."""
        layout = self._layout
        if not layout.results:
            return self._fixed
        results = [_fresh(self._handed, k, t) for k, t in enumerate(layout.results)]
        return [*self._fixed, *results, *[_part(results[piece.slab], piece) for piece in layout.pieces]]


def _view(slabs: list[Array], buffer: Buffer) -> Array:
    t = buffer.type
    return slabs[buffer.slab][buffer.offset : buffer.offset + t.nbytes].view(t.dtype).reshape(t.shape)


def _part(whole: Array, piece: Buffer) -> Array:
    return np.ndarray(piece.type.shape, piece.type.dtype, whole, piece.offset)


def _fresh(handed: list[Any], k: int, t: ArrayType) -> Any:
    """An array that nobody else refers to."""
    if handed[k] is not None and is_given_back(handed, k):
        return handed[k]
    value = np.empty(t.shape, t.dtype)
    if value.nbytes <= KEPT:
        handed[k] = value
    return value


class Pool:
    """The workspaces of a program that are at rest.

    Arguments:
        layout: what each consists of.
    """

    __slots__ = ("__weakref__", "_layout", "_resting")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._resting: deque[Workspace] = deque()  # pop and append are atomic
        POOLS[id(self)] = self

    def held(self) -> tuple[int, tuple[Any, ...]]:
        """For the cache: the bytes of one workspace, as far as they are kept; threads at the same time have more."""
        handed = sum([t.nbytes for t in self._layout.results if t.nbytes <= KEPT])
        return handed + (sum(self._layout.slabs) if self._layout.is_kept else 0), ()

    def enter(self) -> Workspace:
        """A workspace that nobody else works in."""
        try:
            return self._resting.pop()
        except IndexError:
            return Workspace(self._layout)

    def leave(self, workspace: Workspace) -> None:
        """Keep a workspace for the next run, unless it is large."""
        if self._layout.is_kept:
            self._resting.append(workspace)

    def forget(self) -> None:
        """Let go of the workspaces that are at rest."""
        self._resting.clear()


POOLS: WeakValueDictionary[int, Pool] = WeakValueDictionary()
"""Those of this process."""


def forget_workspaces() -> None:
    """Let go of all workspaces that are at rest, so that who measures memory sees what the next run needs."""
    for found in POOLS.valuerefs():
        pool = found()
        if pool is not None:
            pool.forget()
