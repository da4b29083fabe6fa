"""Auto: threads where they pay, this thread where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..events import Recorder
from ..planning.plan import Plan
from .base import AbstractExecutor, Replayed, number_in
from .serial import Serial
from .threads import Threads


class Auto(AbstractExecutor):
    """Chooses for each plan between Serial and Threads(n), by predicted time.

    The prediction is the partition's: a graph for which threads would not pay comes out of it as a single task.

    Arguments:
        n: the number of threads; that of the usable cores by default.
        blas_threads: the threads of BLAS in each; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    Example:
        >>> bp.grad(lambda x: x * x, executor=bp.Auto())(3.0)
        6.0
    """

    is_measured = True
    words = ("auto", "auto:N")

    @classmethod
    def arguments_for(cls, where: object) -> Mapping[str, Any] | None:
        """See AbstractExecutor."""
        n = number_in(where, "auto")
        return super().arguments_for(where) if n is None else {"n": n}

    def __init__(self, n: int | None = None, blas_threads: int | None = 1, recorder: Recorder | None = None) -> None:
        self._serial: AbstractExecutor = Serial(blas_threads, recorder)
        self._threads: AbstractExecutor = Threads(n, blas_threads, recorder)
        super().__init__(self._threads.workers, self._threads.overhead, blas_threads, recorder)

    def chosen(self, plan: Plan) -> AbstractExecutor:
        """The executor that runs a plan."""
        return self._serial if len(plan.tasks) < 2 else self._threads

    def recording(self, recorder: Recorder) -> AbstractExecutor:
        """See AbstractExecutor."""
        twin = super().recording(recorder)
        assert isinstance(twin, Auto)
        twin._serial, twin._threads = self._serial.recording(recorder), self._threads.recording(recorder)
        return twin

    @property
    def answers_at_once(self) -> bool:
        """See AbstractExecutor; who records wants to see tasks."""
        return self.recorder is None

    def replayed(self, plan: Plan) -> Replayed:
        """See AbstractExecutor."""
        if len(plan.tasks) < 2:
            serial = self._serial.replayed(plan)
            return lambda executor, values: serial(executor._serial, values)
        threads = self._threads.replayed(plan)
        return lambda executor, values: threads(executor._threads, values)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor."""
        return self.chosen(plan).run(plan, values)
