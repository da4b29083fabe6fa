"""One BLAS thread around a run.

BLAS and LAPACK give other bits with another number of threads, and threads of theirs beside those of an executor make
both slow. The number is a property of the process: whoever runs a plan while another run is under way must not set it
back under that run's feet. So the first one in sets it, the last one out restores it.

Source: threadpoolctl; docs/design.md, decisions 9 and 13.
Limits: two runs at a time that want different numbers get that of the first. OpenMP builds of BLAS count per thread.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from types import TracebackType
from typing import Any

import numpy.linalg  # with scipy.linalg, so that the controller finds the BLAS of both  # noqa: F401
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class _Limiter:
    """The number of BLAS threads of this process, and how many runs hold it down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
        self._changed: list[tuple[Any, int]] = []
        self._holders = 0

    def enter(self, threads: int) -> None:
        """Set the number of threads, unless a run that is under way has set it."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                now = [(library, library.get_num_threads()) for library in self._libraries]
                self._changed = [(library, number) for library, number in now if number != threads]
                for library, _ in self._changed:
                    _set_threads(library, threads)

    def leave(self) -> None:
        """Set the number back, if this was the last run."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                for library, number in self._changed:
                    _set_threads(library, number)

    def unlock(self) -> None:
        """Have a new lock: in a forked process nobody is left to unlock one that another thread held."""
        self._lock = threading.Lock()


def _set_threads(library: Any, threads: int) -> None:
    """Set the number, whichever thread set it before.

    threadpoolctl 3.8 lets only one thread set it and ignores the others in silence; here a lock keeps order.
    """
    if hasattr(library, "clear_controlling_thread"):
        library.clear_controlling_thread(force=True)
    library.set_num_threads(threads)


@cache
def _limiter() -> _Limiter:
    # The one object that lives as long as the process: what it guards, the number of threads of the loaded libraries,
    # is one for the process too, and two limiters would restore each other's numbers.
    return _Limiter()


_limiter()  # at import, which happens once: two first runs at a time could make one each
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limiter().unlock)


class blas_threads:  # noqa: N801  # used as a function
    """A context in which BLAS runs on `threads` threads.

    Arguments:
        threads: how many; None leaves things as they are.
    """

    __slots__ = ("_threads",)

    def __init__(self, threads: int | None = 1) -> None:
        self._threads = threads

    def __enter__(self) -> None:
        if self._threads is not None:
            _limiter().enter(self._threads)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._threads is not None:
            _limiter().leave()
