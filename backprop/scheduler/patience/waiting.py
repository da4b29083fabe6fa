"""When something is shown of work that takes long: from its first second on, on a terminal, one line at a time.

Work that knows how many steps it has is shown as a bar, and says when a step is done; any other as a line that turns.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .. import patience

AFTER = 1.0
"""Seconds after which whoever waits is told of it."""


class Told:
    """How far some work is, and the line that another thread shows of it, unless the work has ended before.

    Arguments:
        what: such as "starting a cluster".
        total: its steps; None where nobody knows.
    Attributes:
        listens: whether anybody will see it.
    """

    def __init__(self, what: str, total: int | None, listens: bool) -> None:
        self.listens = listens
        self._what = what
        self._lock = threading.RLock()
        self._done, self._total = 0, total
        self._shown: Any = None
        self._has_ended = False

    @property
    def done(self) -> int:
        """How many steps are done."""
        return self._done

    def advance(self) -> None:
        """A step is done; any thread may say so."""
        with self._lock:
            self._set(self._done + 1, self._total)

    def reach(self, done: int) -> None:
        """So many steps are done, as far as is known; any thread may say so.

        Arguments:
            done: steps, repeated ones included.
        """
        with self._lock:
            self._set(done if self._total is None else min(done, self._total), self._total)

    @contextmanager
    def part(self, total: int | None) -> Iterator[Told]:
        """Show the steps of a part of the work, where those of the whole are not known."""
        if self._total is not None or total is None:
            yield Told(self._what, total, listens=False)
            return
        with self._lock:
            self._set(0, total)
        try:
            yield self
        finally:
            with self._lock:
                self._set(0, None)

    def show(self) -> None:
        """Show the line from now on."""
        with self._lock:
            if not self._has_ended:
                self._shown = patience.status.started(self._what)
                self._set(self._done, self._total)

    def end(self) -> None:
        """Take the line away."""
        with self._lock:
            self._has_ended = True
            if self._shown is not None:
                self._shown.stop()

    def _set(self, done: int, total: int | None) -> None:
        self._done, self._total = done, total
        if self._shown is not None and not self._has_ended:
            patience.status.moved(self._shown, done, total)


_TOLD: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def told_of(what: str, after: float = AFTER, total: int | None = None) -> Iterator[Told]:
    """Tell a user at a terminal what takes long in a `with` block; within another such block, that one has said it.

    Arguments:
        what: such as "starting a cluster".
        after: seconds.
        total: of how many steps it consists; None where nobody knows.
    Returns:
        what is to be told of each step.
    """
    outer = _TOLD.get()
    if outer is not None:
        with outer.part(total) as part:
            yield part
        return
    if sys.stderr is None or not sys.stderr.isatty():
        yield Told(what, total, listens=False)
        return
    told = Told(what, total, listens=True)
    token = _TOLD.set(told)
    timer = threading.Timer(after, told.show)
    timer.daemon = True
    timer.start()
    try:
        yield told
    finally:
        timer.cancel()
        told.end()
        _TOLD.reset(token)
