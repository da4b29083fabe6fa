"""Serial: the whole graph as one task, in the thread that asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..entry import entered
from ..events import Recorder
from ..machine.blas import blas_threads as blas
from ..planning.plan import Plan
from .base import AbstractExecutor, Replayed
from .inline import run_inline, single_task


class Serial(AbstractExecutor):
    """Runs one task after the other, in this thread.

    Arguments:
        blas_threads: the threads of BLAS; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    Example:
        >>> bp.grad(lambda x: x * x, executor=bp.Serial())(3.0)
        6.0
    """

    is_measured = True
    words = ("serial",)

    def __init__(self, blas_threads: int | None = 1, recorder: Recorder | None = None) -> None:
        super().__init__(1, 0.0, blas_threads, recorder)

    @property
    def answers_at_once(self) -> bool:
        """See AbstractExecutor; who records wants to see tasks."""
        return self.recorder is None

    def replayed(self, plan: Plan) -> Replayed:
        """See AbstractExecutor."""
        return single_task(plan, self.blas_threads) or super().replayed(plan)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor."""
        given = entered(plan, values)
        single = single_task(plan, self.blas_threads)
        if single is not None:
            return tuple(single(self, given))
        with blas(self.blas_threads):
            return run_inline(plan, given, self.recorder)
