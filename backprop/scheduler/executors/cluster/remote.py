"""What runs on a worker: a program that is data of the cluster, in the caller's error state, on leaves of values.

A program is a graph's pickled body. It is compiled where it is first used, once a process, and travels between
workers as its source. Warnings that a task raises are recorded and given back with its results.

Source: NumPy's error state, numpy.seterr. Limits: a context variable of the user's own stays with the caller, as Python
cannot pickle it.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import distributed
import numpy as np
from dask.task_spec import TaskRef
from distributed.protocol import pickle

from ....ops.core.cache import cached
from ....ops.core.stopping import stoppable
from ...lower import Bind, Key, Picks, picked_from
from ...machine.blas import blas_threads as blas
from ...programs.program import compile_program
from .runs import DONE, STOPS


class Warned(NamedTuple):
    """A warning as data."""

    message: Warning | str
    category: type[Warning]
    file: str
    line: int


class Report(NamedTuple):
    """What a task tells beside its results.

    Arguments:
        task: its index in the plan.
        worker: the address of the worker and the name of the thread.
        start, end: seconds, by the clock of the worker.
        warned: the warnings that were raised.
    """

    task: int
    worker: str
    start: float
    end: float
    warned: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program as data of the cluster.

    Arguments:
        body: the pickled graph.
        name: of the task that it was made for, for errors.
    """

    body: bytes
    name: str

    def compiled(self) -> Callable[..., tuple[Any, ...]]:
        """The program of this process."""
        return _compiled(self.body, self.name)


@cached()
def _compiled(body: bytes, name: str) -> Callable[..., tuple[Any, ...]]:
    return compile_program(pickle.loads(body), name)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a task runs, apart from its program.

    Arguments:
        blas_threads: the threads of BLAS; None leaves what the worker has.
        errors: NumPy's error state of the caller, as `numpy.geterr` gives it.
        run: the name of the run, by which it can be stopped.
    """

    blas_threads: int | None
    errors: tuple[tuple[str, str], ...]
    run: str

    @classmethod
    def here(cls, blas_threads: int | None, run: str) -> Settings:
        """The settings of the caller."""
        plain = {kind: what if what in ("ignore", "warn", "raise") else "warn" for kind, what in np.geterr().items()}
        return cls(blas_threads, tuple(plain.items()), run)


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """What a Dask task of a cluster calls: (program, *arguments) -> (*results, reports).

    The reports are its own and those of the tasks that it read, so that the last tasks tell of all.

    Arguments:
        task: its index in the plan.
        picks: where the arguments of the program are among those of the Dask task.
        settings: how it runs.
    """

    task: int
    picks: Picks
    settings: Settings

    def __call__(self, program: Program, *given: Any) -> tuple[Any, ...]:
        """The results of the task, and behind them the reports."""
        values = picked_from(given, self.picks)
        results, report = told(self.task, program.compiled(), values, self.settings, distributed.get_worker().address)
        before = dict.fromkeys(r for k in {p.place for p in self.picks if p.result is not None} for r in given[k][-1])
        return (*results, (*before, report))


def remote_calls(programs: Sequence[Key], settings: Settings) -> Bind:
    """Dask tasks that call a program of the cluster.

    Arguments:
        programs: the key of the program of each task.
        settings: how they run.
    """
    return lambda index, picks: (RemoteCall(index, picks, settings), (TaskRef(programs[index]),))


def told(
    task: int, run: Callable[..., tuple[Any, ...]], values: Sequence[Any], settings: Settings, address: str
) -> tuple[tuple[Any, ...], Report]:
    """The results of a program in the caller's error state, and what there is to tell of it.

    Arguments:
        task: its index in the plan.
        run: the program.
        values: its arguments.
        settings: how it runs.
        address: of this worker.
    """
    errors: Mapping[str, Any] = dict(settings.errors)
    stop = STOPS.of(settings.run)
    with blas(settings.blas_threads), np.errstate(**errors), stoppable(stop), recorded() as warned:
        start = time.perf_counter()
        results = run(*values)
        end = time.perf_counter()
    DONE.add(settings.run)
    worker = f"{address} {threading.current_thread().name}"
    return results, Report(task, worker, start, end, tuple(warned))


# Warnings. Python's filters belong to a process, so all threads of a worker share one change of them.

_RECORD: ContextVar[list[Warned] | None] = ContextVar("record", default=None)


class _Recording:
    """Counts the tasks that record, and changes the process's filters for the first and back for the last of them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._state: tuple[Any, int] = None, 0  # what changes the filters back, and for how many

    def begin(self) -> None:
        with self._lock:
            before, count = self._state
            if not count:
                before = warnings.catch_warnings()
                before.__enter__()
                warnings.simplefilter("always")
                shown = warnings.showwarning
                warnings.showwarning = _shown_or(shown)
            self._state = before, count + 1

    def end(self) -> None:
        with self._lock:
            before, count = self._state
            self._state = before, count - 1
            if count == 1:
                before.__exit__(None, None, None)


_RECORDING = _Recording()


def _shown_or(show: Callable[..., Any]) -> Callable[..., Any]:
    def shown(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        record = _RECORD.get()
        if record is None:
            show(message, category, filename, lineno, file, line)
        else:
            record.append(Warned(message, category, filename, lineno))

    return shown


@contextmanager
def recorded() -> Iterator[list[Warned]]:
    """Collect the warnings that this thread raises in a `with` block, whatever the filters of the process say."""
    record: list[Warned] = []
    token = _RECORD.set(record)
    _RECORDING.begin()
    try:
        yield record
    finally:
        _RECORDING.end()
        _RECORD.reset(token)


def warn_again(reports: list[Report]) -> None:
    """Raise the warnings of tasks where the caller's filters can see them."""
    for report in reports:
        for warned in report.warned:
            warnings.warn_explicit(warned.message, warned.category, warned.file, warned.line)
