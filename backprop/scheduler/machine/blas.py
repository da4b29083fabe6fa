"""One BLAS thread around a run.

BLAS and LAPACK give other bits with another number of threads, and threads of theirs beside those of an executor make
both slow. The number is a property of the process: whoever runs a plan while another run is under way must not set it
back under that run's feet. So the first one in sets it, the last one out restores it.

Source: threadpoolctl; docs/design.md, sections 3 (tiling) and 4 (layout).
Limits: two runs at a time that want different numbers get that of the first. OpenMP builds of BLAS count per thread.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any, NamedTuple

import numpy.linalg  # with scipy.special, so that the controller finds the BLAS of both  # noqa: F401
import scipy.special  # noqa: F401 - which is linked with the BLAS of scipy.linalg
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


class _Library(NamedTuple):
    """A loaded BLAS: what reads its number of threads, and what sets it, whichever thread set it before."""

    get_threads: Callable[[], int]
    set_threads: Callable[[int], object]


def _bound(found: Any) -> _Library:
    """A library that threadpoolctl has found.

    Its methods look the symbols of OpenBLAS up at each call, which took half the time of a small run; and since 3.8
    only one thread may set the number by them, others are ignored in silence. So the symbols of the usual build are
    looked up once, and a lock keeps order. Other libraries, and OpenBLAS with OpenMP, whose number is one of each
    thread, are left to threadpoolctl.
    """
    if found.internal_api == "openblas" and found.threading_layer != "openmp":
        for name in found.check_symbols:
            get, set = [getattr(found.dynlib, symbol, None) for symbol in (name, name.replace("_get_", "_set_"))]
            if get is not None and set is not None:
                return _Library(get, set)
    return _Library(found.get_num_threads, found.set_num_threads)


class _Limiter:
    """The number of BLAS threads of this process, and the runs that hold it down.

    Ctrl-C may stop the thread of a run between any two steps here. So the number is set before a run counts as a
    holder, what it was is kept until it is set back, and a holder that could not leave is gone when it is let go of.
    And between any two steps the garbage collector may end something whose end runs a plan, in the same thread: what
    such a run has set back is set again.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._libraries = [_bound(found) for found in ThreadpoolController().select(user_api="blas").lib_controllers]
        self._original: list[int] | None = None  # the number of each library outside of runs, while it may differ
        self._holders: list[weakref.ref[blas_threads]] = []

    def enter(self, holder: blas_threads, threads: int) -> None:
        """Set the number of threads, unless a run that is under way has set it."""
        wanted = [threads] * len(self._libraries)
        with self._lock:
            before = self._original or self._now()
            if not self._others(holder):
                self._original = before
                self._set(wanted)
            self._holders = [*self._others(holder), weakref.ref(holder)]
            if self._original is None:  # a run in between was the last to leave
                self._original = before
                self._set(wanted)

    def leave(self, holder: blas_threads) -> None:
        """Set the number back, if this was the last run."""
        with self._lock:
            original, self._holders = self._original, self._others(holder)
            if not self._holders and original is not None:
                self._set(original)
                self._original = None

    def _others(self, holder: blas_threads) -> list[weakref.ref[blas_threads]]:
        return [other for other in self._holders if other() not in (None, holder)]

    def _now(self) -> list[int]:
        return [library.get_threads() for library in self._libraries]

    def _set(self, wanted: list[int]) -> None:
        for library, to_be in zip(self._libraries, wanted, strict=True):
            if library.get_threads() != to_be:
                _set_threads(library, to_be)

    def unlock(self) -> None:
        """Have a new lock: in a forked process nobody is left to unlock one that another thread held."""
        self._lock = threading.RLock()


def _set_threads(library: _Library, threads: int) -> None:
    library.set_threads(threads)


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

    __slots__ = ("__weakref__", "_threads")

    def __init__(self, threads: int | None = 1) -> None:
        self._threads = threads

    def __enter__(self) -> None:
        if self._threads is not None:
            _limiter().enter(self, self._threads)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._threads is not None:
            _limiter().leave(self)
