"""Threads: tasks on the threads of this process, through `dask.threaded` (`by_dask/threads.py`) or without Dask.

The memory that tasks work on belongs to the caller again once `run` has returned. So after Ctrl-C a call ends when the
ops that run have ended, be that seconds: NumPy cannot be stopped in the middle of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..entry import entered
from ..events import Recorder
from ..machine.blas import blas_threads as blas
from ..machine.cores import usable_cores
from ..machine.profile import this_machine
from ..planning.plan import Plan
from ..planning.stages import run_staged, stages
from . import by_dask
from .base import AbstractExecutor, Replayed, number_in
from .by_dask.kinds import is_loaded
from .inline import run_inline, runners, single_task
from .replay import replay
from .thread_pool import PoolOfEachThread


class Threads(AbstractExecutor):
    """Runs tasks on `n` threads.

    Arguments:
        n: the number of threads; that of the usable cores by default.
        blas_threads: the threads of BLAS in each; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    Example:
        >>> f = bp.grad(lambda x: np.sum(np.sin(x)))
        >>> with bp.use(bp.Threads(2)):
        ...     f(np.zeros(3))
        array([1., 1., 1.])
    """

    is_measured = True
    words = ("threads", "threads:N")

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """See AbstractExecutor."""
        n = number_in(where, "threads")
        return super().arguments_for(where) if n is None else {"n": n}

    def __init__(self, n: int | None = None, blas_threads: int | None = 1, recorder: Recorder | None = None) -> None:
        workers = usable_cores() if n is None else n
        super().__init__(workers, this_machine().machine.task_s, blas_threads, recorder)
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
        if (single := single_task(plan, self.blas_threads)) is not None:
            return single
        if self.workers == 1 or len(plan.tasks) < 2 or stages(plan):
            return super().replayed(plan)
        workers, blas_threads, with_dask = self.workers, self.blas_threads, super().replayed(plan)
        if self.recorder is not None:
            return lambda this, values: (
                with_dask(this, values)
                if _is_watched()
                else replay(plan, runners(plan, this.recorder), workers, blas_threads)(values, this._pools)
            )
        own = replay(plan, runners(plan, None), workers, blas_threads)
        return lambda this, values: with_dask(this, values) if _is_watched() else own(values, this._pools)

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
        if not is_loaded():
            given = runners(plan, self.recorder)
            return tuple(replay(plan, given, self.workers, self.blas_threads)(values, self._pools))
        return by_dask.threads.run(plan, values, self.workers, self._pools, self.recorder)


def _is_watched() -> bool:
    return is_loaded() and by_dask.threads.is_watched()
