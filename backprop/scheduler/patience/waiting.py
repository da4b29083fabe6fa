"""When something is shown of work that takes long: from its first second on, on a terminal, one line at a time."""

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

_IS_WAITING: ContextVar[bool] = ContextVar("is_waiting", default=False)


@contextmanager
def told_of(what: str, after: float = AFTER) -> Iterator[None]:
    """Tell a user at a terminal what takes long in a `with` block; within another such block, that one has said it.

    Arguments:
        what: such as "starting a cluster".
        after: seconds.
    """
    if _IS_WAITING.get() or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    token = _IS_WAITING.set(True)
    line = _Line(what)
    timer = threading.Timer(after, line.show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.end()
        _IS_WAITING.reset(token)


class _Line:
    """A line that another thread shows, unless the work has ended before."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._shown: Any = None
        self._has_ended = False

    def show(self) -> None:
        with self._lock:
            if not self._has_ended:
                self._shown = patience.status.started(self._what)

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
            if self._shown is not None:
                self._shown.stop()
