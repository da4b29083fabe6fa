"""Stopping a run between two of its ops: a `Stop` that whoever runs it looks at again and again.

A run that may be stopped has a Stop as a context variable, which threads of an executor take over with the rest of the
context. Programs look at it before an op of the user's own and about once a millisecond of predicted work, loops at
each turn: some 50 ns where there is none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stop:
    """Says whether a run is to stop; any thread may ask and tell."""

    __slots__ = ("__weakref__", "_actions", "_lock", "error")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._actions: dict[int, Callable[[], object]] = {}
        self.error: Exception | None = None

    def stop(self, error: Exception) -> None:
        """Let the run end with an error before its next op; the first error counts."""
        with self._lock:
            if self.error is not None:
                return
            self.error = error
            actions = list(self._actions.values())
        for action in actions:
            action()

    @contextmanager
    def calling(self, action: Callable[[], object]) -> Iterator[None]:
        """Call something where the run is stopped within a `with` block, at once if it has been already."""
        with self._lock:
            self._actions[id(action)] = action
            stopped = self.error is not None
        try:
            if stopped:
                action()
            yield
        finally:
            with self._lock:
                del self._actions[id(action)]


_CURRENT: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextmanager
def stoppable(stop: Stop | None) -> Iterator[None]:
    """Let what runs in a `with` block be stopped."""
    token = _CURRENT.set(stop)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_stop() -> Stop | None:
    """The Stop of the run that this thread works for; None where it cannot be stopped."""
    return _CURRENT.get()


def check_stop() -> None:
    """Raise the error of a run that is to stop.

    Errors:
        Exception: the one that it was stopped with.
    """
    stop = _CURRENT.get()
    if stop is not None and stop.error is not None:
        raise stop.error
