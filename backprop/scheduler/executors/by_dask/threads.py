"""Tasks on threads through `dask.threaded`.

Source: dask/local.py. The pool is one of our own, unless Dask's configuration names one. After an exception Dask's
threads go on with what they have begun; as the memory that they work on belongs to the caller again once `run`
has returned, a run waits until its tasks are quiet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import dask.config
import dask.threaded
from dask.callbacks import Callback
from dask.local import get_async

from ...events import Recorder
from ...lower import Key, calls, lower
from ...planning.plan import Plan
from ..inline import runners
from ..replay import wait_until
from ..thread_pool import PoolOfEachThread


def run(
    plan: Plan, values: Sequence[Any], workers: int, pools: PoolOfEachThread, recorder: Recorder | None
) -> tuple[Any, ...]:
    """The results of a plan on threads.

    Arguments:
        plan: a plan of several tasks.
        values: of its inputs, which have entered.
        workers: how many tasks run at once.
        pools: whose threads are used.
        recorder: takes the events of the run.
    Errors:
        Exception: what an op raised. KeyboardInterrupt: once the tasks are quiet.
    """
    admission = _Admission()
    lowered = lower(plan, values, calls([_Admitted(run, admission) for run in runners(plan, recorder)]))
    try:
        answers = _get(lowered.tasks, list(lowered.keys), workers, pools)
    except _ClosedError as closed:  # Dask heard of it before it heard of the error that closed the admission
        raise admission.error or closed from None
    except BaseException as error:
        interrupt = _interrupt_behind(error)
        if interrupt is None:
            raise
        pools.forget()  # a thread may have been called and not woken
        raise interrupt from None
    finally:
        admission.close()
        admission.error = None  # whose traceback has the admission
    return lowered.results(answers, values, plan)


def _get(tasks: Mapping[Key, Any], keys: list[Key], workers: int, pools: PoolOfEachThread) -> Any:
    """What Dask gets from a pool of ours, or from the one that its configuration names."""
    if (configured := _configured_pool()) is not None:
        return dask.threaded.get(tasks, keys, num_workers=workers, pool=configured)
    get: Callable[..., Any] = get_async
    submit, pack = pools.of_this_thread(workers).submit, dask.threaded.pack_exception
    return get(submit, workers, tasks, keys, get_id=threading.get_ident, pack_exception=pack)


def _interrupt_behind(error: BaseException) -> BaseException | None:
    """The interrupt that an error is, or that led to it: one inside a lock written in Python ends as a RuntimeError."""
    found: BaseException | None = error
    while found is not None and isinstance(found, Exception):
        found = found.__context__ if isinstance(found, RuntimeError) else None
    return found


def _configured_pool() -> Any:
    """The pool of threads that Dask's configuration names; one of processes is for others than these threads."""
    pool = dask.config.get("pool", None)
    return None if isinstance(pool, ProcessPoolExecutor) else pool


def is_watched() -> bool:
    """Whether Dask's callbacks are active, as those of its progress bars and profilers, or a pool is configured."""
    return bool(Callback.active) or _configured_pool() is not None


class _Admission:
    """Admits tasks until one fails or it is closed, and knows when the last one has left.

    Dask hears of a failure after those of its threads that were quicker, and would begin tasks until then.

    As in `Replay`, an interrupt of the thread that asks must find no lock that it could leave locked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._inside = 0
        self._open = True
        self.error: BaseException | None = None  # of the first task that failed

    def enter(self) -> None:
        with self._lock:
            if not self._open:
                raise _ClosedError
            self._inside += 1

    def refuse(self, error: BaseException) -> None:
        """Admit nothing any more, as a task has failed."""
        with self._lock:
            self.error = self.error or error
            self._open = False

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._open:
                self._bell.put(None)

    def close(self) -> None:
        """Admit nothing any more, and wait until nothing is inside."""
        wait_until(self._is_empty, self._bell)

    def _is_empty(self) -> bool:
        with self._lock:
            self._open = False
            return not self._inside


class _ClosedError(Exception):
    """A task came after another one had failed; nobody is left to see this."""


@dataclass(frozen=True, slots=True, eq=False)
class _Admitted:
    """A runner that has to be admitted."""

    run: Callable[..., tuple[Any, ...]]
    admission: _Admission

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        self.admission.enter()
        try:
            return self.run(*values)
        except BaseException as error:
            self.admission.refuse(error)
            raise
        finally:
            self.admission.leave()
