"""Threads: tasks on the threads of this process, through `dask.threaded`.

Source: dask/local.py. The pool is one of our own (crew.py), unless Dask's configuration names one. After an exception
Dask's threads go on with what they have begun; as the memory that they work on belongs to the caller again once `run`
has returned, a run waits until its tasks are quiet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dask.config
import dask.threaded
from dask.callbacks import Callback
from dask.system import CPU_COUNT

from ..events import Recorder
from ..lower import lower
from ..machine.blas import blas_threads as blas
from ..machine.profile import this_machine
from ..planning.plan import Plan
from ..planning.stages import run_staged, stages
from .base import AbstractExecutor, alone, entered, run_inline, runners
from .replay import team
from .thread_pool import Crews


class Threads(AbstractExecutor):
    """Runs tasks on `n` threads.

    Arguments:
        n: the number of threads; that of the usable cores by default.
        blas_threads: the threads of BLAS in each; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    """

    def __init__(self, n: int | None = None, blas_threads: int | None = 1, recorder: Recorder | None = None) -> None:
        super().__init__(n if n is not None else CPU_COUNT, this_machine().machine.task_s, blas_threads, recorder)
        if self.workers < 1:
            raise ValueError(f"an executor needs at least one thread, not {n}")
        self._crews = Crews()

    def __reduce__(self) -> tuple[Any, ...]:
        return Threads, (self.workers, self.blas_threads)

    def bound(self, plan: Plan) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """See AbstractExecutor; a replay goes without Dask, but where something of Dask's wants to see the tasks."""
        if self.recorder is None and (single := alone(plan, self.blas_threads)) is not None:
            return single
        if self.recorder is not None or self.workers == 1 or len(plan.tasks) < 2 or stages(plan):
            return super().bound(plan)
        own = team(plan, runners(plan, None), self._crews, self.workers, self.blas_threads)
        by_dask = super().bound(plan)
        return lambda values: by_dask(values) if _is_watched() else own(values)

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
        door = _Door()
        lowered = lower(plan, values, [_Guarded(run, door) for run in runners(plan, self.recorder)])
        try:
            pool = dask.config.get("pool", None) or self._crews.of_this_thread(self.workers)
            answers = dask.threaded.get(lowered.tasks, list(lowered.keys), num_workers=self.workers, pool=pool)
        finally:
            door.close()
        return lowered.results(answers, values, plan)


def _is_watched() -> bool:
    """Whether Dask's callbacks are active, as those of its progress bars and profilers, or a pool is configured."""
    return bool(Callback.active) or dask.config.get("pool", None) is not None


class _Door:
    """Lets tasks in until it is closed, and knows when the last one is out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._open = True

    def enter(self) -> None:
        with self._changed:
            if not self._open:
                raise _ClosedError
            self._inside += 1

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait until nobody is inside."""
        with self._changed:
            self._open = False
            self._changed.wait_for(lambda: self._inside == 0)


class _ClosedError(Exception):
    """A task came after another one had failed; nobody is left to see this."""


@dataclass(frozen=True, slots=True, eq=False)
class _Guarded:
    """A runner behind a door."""

    run: Callable[..., tuple[Any, ...]]
    door: _Door

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        self.door.enter()
        try:
            return self.run(*values)
        finally:
            self.door.leave()
