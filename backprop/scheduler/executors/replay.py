"""Replay of a plan by the thread that asks and a few helpers: no graph is built, and no queue stands between tasks.

`dask.threaded.get` orders a graph, submits each task, and waits for each in turn: some 0.25 ms a run before and between
the tasks of a plan of three. What is replayed does not change, so all that can be known is known: how many tasks each
one waits for, and who waits for it. The thread that asks takes the first task, helpers the others; who ends a task goes
on with one that it has made ready, and wakes helpers for the rest. Tasks and results are those of Dask's way.

Source: ready counts as in TensorFlow's executor (executor.cc, ScheduleReady: the last ready node stays on the thread).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..lower import plan_input
from ..machine.blas import blas_threads as blas
from ..planning.plan import Plan, PlanInput, Slot, TaskOutput, before
from .thread_pool import Crews

Runner = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """A plan as something to call with values that fit.

    Arguments:
        plan: the plan, without host-pinned tasks.
        runners: what runs each task.
        missing: for each task the number of tasks that it waits for.
        readers: for each task those that wait for it.
        crews: where helpers come from.
        workers: how many tasks may run at once.
        blas_threads: the threads of BLAS in a task.
    """

    plan: Plan
    runners: Sequence[Runner]
    missing: tuple[int, ...]
    readers: tuple[tuple[int, ...], ...]
    crews: Crews
    workers: int
    blas_threads: int | None

    def __call__(self, values: Sequence[Any]) -> Sequence[Any]:
        """The results of the plan."""
        with blas(self.blas_threads):
            return _Run(self, values).results()


def team(plan: Plan, runners: Sequence[Runner], crews: Crews, workers: int, blas_threads: int | None) -> Team:
    """A plan for replay.

    Arguments:
        plan: the plan, without host-pinned tasks.
        runners: what runs each task.
        crews: where helpers come from.
        workers: how many tasks may run at once, that of the thread that asks among them.
        blas_threads: the threads of BLAS in a task.
    """
    waits = [before(task) for task in plan.tasks]
    readers: list[list[int]] = [[] for _ in plan.tasks]
    for index, earlier in enumerate(waits):
        for t in earlier:
            readers[t].append(index)
    return Team(plan, runners, tuple(map(len, waits)), tuple(map(tuple, readers)), crews, workers, blas_threads)


class _Run:
    """One run of a plan."""

    def __init__(self, team: Team, values: Sequence[Any]) -> None:
        self.team = team
        self.values = values
        self.crew = team.crews.of_this_thread(team.workers)
        self.changed = threading.Condition()
        self.missing = list(team.missing)
        self.unread = [len(readers) for readers in team.readers]
        for slot in team.plan.outputs:
            if isinstance(slot, TaskOutput):
                self.unread[slot.task] += 1  # never let go
        self.done: list[tuple[Any, ...] | None] = [None] * len(self.missing)
        self.ready = deque(index for index, count in enumerate(self.missing) if not count)
        self.left = len(self.missing)
        self.working = 1
        self.error: BaseException | None = None

    def results(self) -> tuple[Any, ...]:
        """Work, with helpers, until all is done."""
        with self.changed:
            self._call_helpers()
        self._work()
        with self.changed:
            while self.left and not (self.error and not self.working):
                self.changed.wait_for(lambda: self.ready or not self.working or not self.left)
                if self.ready and not self.error:
                    self.working += 1
                    self.changed.release()
                    self._work()
                    self.changed.acquire()
        if self.error is not None:
            raise self.error
        return tuple(map(self._value, self.team.plan.outputs))

    def _call_helpers(self) -> None:
        """Wake helpers, as far as there are any, for all ready tasks but one."""
        for k in range(min(len(self.ready) - 1, self.team.workers - self.working)):
            self.working += 1
            self.crew.apart(self._work, k)

    def _work(self) -> None:
        """Do tasks as long as there are ready ones."""
        while (index := self._next()) is not None:
            try:
                results = self.team.runners[index](*map(self._value, self.team.plan.tasks[index].args))
            except BaseException as error:
                self._failed(error)
            else:
                self._ended(index, results)

    def _next(self) -> int | None:
        with self.changed:
            if self.ready and not self.error:
                return self.ready.popleft()
            self.working -= 1
            if not self.working or not self.left:
                self.changed.notify_all()
            return None

    def _ended(self, index: int, results: tuple[Any, ...]) -> None:
        with self.changed:
            self.done[index] = results
            self.left -= 1
            for t in before(self.team.plan.tasks[index]):
                self.unread[t] -= 1
                if not self.unread[t]:
                    self.done[t] = None
            for reader in self.team.readers[index]:
                self.missing[reader] -= 1
                if not self.missing[reader]:
                    self.ready.append(reader)
            self._call_helpers()

    def _failed(self, error: BaseException) -> None:
        with self.changed:
            self.error = self.error or error

    def _value(self, slot: Slot) -> Any:
        if isinstance(slot, PlanInput):
            return plan_input(self.values, slot)
        results = self.done[slot.task]
        assert results is not None
        return results[slot.index]
