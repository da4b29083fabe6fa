"""One BLAS thread around a run.

BLAS and LAPACK give other bits with another number of threads, and threads of theirs beside those of an executor make
both slow. The number is a property of the process: whoever runs a plan while another run is under way must not set it
back under that run's feet. So the first one in sets it, the last one out restores it.

Source: threadpoolctl; DESIGN decision 11.
Limits: two runs at a time that want different numbers get that of the first. OpenMP builds of BLAS count per thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any

import numpy as np
import scipy.linalg  # loads the BLAS of SciPy, so that the controller finds it  # noqa: F401
from threadpoolctl import ThreadpoolController


class _Limiter:
    """The number of BLAS threads of this process, and how many runs hold it down."""

    def __init__(self) -> None:
        np.zeros((2, 2)) @ np.zeros((2, 2))
        self._lock = threading.Lock()
        self._libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
        self._before: list[int] = []
        self._holders = 0

    def enter(self, threads: int) -> None:
        """Set the number of threads, unless a run that is under way has set it."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._before = [library.get_num_threads() for library in self._libraries]
                self._set([threads] * len(self._libraries))

    def leave(self) -> None:
        """Set the number back, if this was the last run."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._set(self._before)

    def _set(self, wanted: list[int]) -> None:
        for library, number in zip(self._libraries, wanted, strict=True):
            if library.get_num_threads() != number:
                library.set_num_threads(number)


@cache
def _limiter() -> _Limiter:
    # The one object that lives as long as the process: what it guards, the number of threads of the loaded libraries,
    # is one for the process too, and two limiters would restore each other's numbers. It is made at the first run.
    return _Limiter()


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


def limited(function: Callable[..., Any], threads: int | None, *args: Any) -> Any:
    """function(*args), with BLAS on so many threads."""
    with blas_threads(threads):
        return function(*args)
