"""Threads: tasks on the threads of this process, through `dask.threaded`.

Source: dask/local.py. The pool is one of our own, unless Dask's configuration names one. After an exception Dask's
threads go on with what they have begun; as the memory that they work on belongs to the caller again once `run`
has returned, a run waits until its tasks are quiet. So after Ctrl-C a call ends when the ops that run have ended, be
that seconds: NumPy cannot be stopped in the middle of one.
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
from dask.system import CPU_COUNT

from ..events import Recorder
from ..lower import Key, calls, lower
from ..machine.blas import blas_threads as blas
from ..machine.profile import this_machine
from ..planning.plan import Plan
from ..planning.stages import run_staged, stages
from .base import AbstractExecutor, Replayed, entered, number_in
from .inline import run_inline, runners, single_task
from .replay import replay, wait_until
from .thread_pool import PoolOfEachThread


class Threads(AbstractExecutor):
    """Runs tasks on `n` threads.

    Arguments:
        n: the number of threads; that of the usable cores by default.
        blas_threads: the threads of BLAS in each; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    """

    words = ("threads", "threads:N")

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """See AbstractExecutor."""
        n = number_in(where, "threads")
        return super().arguments_for(where) if n is None else {"n": n}

    def __init__(self, n: int | None = None, blas_threads: int | None = 1, recorder: Recorder | None = None) -> None:
        super().__init__(n if n is not None else CPU_COUNT, this_machine().machine.task_s, blas_threads, recorder)
        if self.workers < 1:
            raise ValueError(f"an executor needs at least one thread, not {n}")
        self._pools = PoolOfEachThread()

    def __reduce__(self) -> tuple[Any, ...]:
        return Threads, (self.workers, self.blas_threads, self.recorder)

    @property
    def answers_at_once(self) -> bool:
        """See AbstractExecutor; who records wants to see tasks."""
        return self.recorder is None

    def replayed(self, plan: Plan) -> Replayed:
        """See AbstractExecutor; a replay goes without Dask, but where something of Dask's wants to see the tasks."""
        if self.recorder is None and (single := single_task(plan, self.blas_threads)) is not None:
            return single
        if self.workers == 1 or len(plan.tasks) < 2 or stages(plan):
            return super().replayed(plan)
        workers, blas_threads, by_dask = self.workers, self.blas_threads, super().replayed(plan)
        if self.recorder is not None:
            return lambda this, values: (
                by_dask(this, values)
                if _is_watched()
                else replay(plan, runners(plan, this.recorder), workers, blas_threads)(values, this._pools)
            )
        own = replay(plan, runners(plan, None), workers, blas_threads)
        return lambda this, values: by_dask(this, values) if _is_watched() else own(values, this._pools)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor; a plan with a single task runs in this thread, without Dask."""
        given = entered(plan, values)
        with blas(self.blas_threads):
            return run_staged(plan, given, self._run, self._inline)

    def _inline(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        return run_inline(plan, values, self.recorder)

    def _run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        if len(plan.tasks) < 2 or self.workers == 1:
            return self._inline(plan, values)
        admission = _Admission()
        lowered = lower(plan, values, calls([_Admitted(run, admission) for run in runners(plan, self.recorder)]))
        try:
            answers = self._get(lowered.tasks, list(lowered.keys))
        except BaseException as error:
            interrupt = _interrupt_behind(error)
            if interrupt is None:
                raise
            self._pools.forget()  # a thread may have been called and not woken
            raise interrupt from None
        finally:
            admission.close()
        return lowered.results(answers, values, plan)

    def _get(self, tasks: Mapping[Key, Any], keys: list[Key]) -> Any:
        """What Dask gets from a pool of ours, or from the one that its configuration names."""
        if (configured := _configured_pool()) is not None:
            return dask.threaded.get(tasks, keys, num_workers=self.workers, pool=configured)
        get: Callable[..., Any] = get_async
        submit, pack = self._pools.of_this_thread(self.workers).submit, dask.threaded.pack_exception
        return get(submit, self.workers, tasks, keys, get_id=threading.get_ident, pack_exception=pack)


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


def _is_watched() -> bool:
    """Whether Dask's callbacks are active, as those of its progress bars and profilers, or a pool is configured."""
    return bool(Callback.active) or _configured_pool() is not None


class _Admission:
    """Admits tasks until it is closed, and knows when the last one has left.

    As in `Replay`, an interrupt of the thread that asks must find no lock that it could leave locked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._inside = 0
        self._open = True

    def enter(self) -> None:
        with self._lock:
            if not self._open:
                raise _ClosedError
            self._inside += 1

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
        finally:
            self.admission.leave()
