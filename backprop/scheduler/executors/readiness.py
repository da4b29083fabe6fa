"""Which tasks of a plan may start now: a state machine without threads, locks or clocks.

Events go in (a task was started, has finished, has failed; the run was interrupted), tasks come out. Whoever runs tasks
owns one for each run and keeps other threads out of it: the replay on threads with a lock, a run in one thread without
anything. After a failure or an interrupt no task starts any more, and the run has ended when those that run have.

The ready task that comes first in the plan starts first. With one worker that is the order of the plan, and so of the
user's code; with several a branch is gone through before the next one, which keeps few results alive.

Source: ready counts as in TensorFlow's executor (executor.cc).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from ...ops.core.cache import cached
from ..planning.plan import Plan, PlanInput, Slot, TaskOutput, before


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Which tasks of a plan wait for which.

    Arguments:
        waits: for each task, those whose results it reads.
        readers: for each task, those that read its results.
        kept: the tasks that give results of the plan.
    """

    waits: tuple[tuple[int, ...], ...]
    readers: tuple[tuple[int, ...], ...]
    kept: frozenset[int]


@cached()
def dependencies(plan: Plan) -> Dependencies:
    """The dependencies of a plan."""
    waits = tuple(map(before, plan.tasks))
    readers: list[list[int]] = [[] for _ in waits]
    for task, earlier in enumerate(waits):
        for t in earlier:
            readers[t].append(task)
    kept = frozenset(slot.task for slot in plan.outputs if isinstance(slot, TaskOutput))
    return Dependencies(waits, tuple(map(tuple, readers)), kept)


class Readiness:
    """The state of one run.

    Arguments:
        order: the dependencies of its plan.
    """

    __slots__ = ("_order", "_ready", "_unread", "_waiting", "error", "running", "unfinished")

    def __init__(self, order: Dependencies) -> None:
        self._order = order
        self._waiting = [len(earlier) for earlier in order.waits]
        self._unread = [len(readers) for readers in order.readers]
        self._ready = [task for task, count in enumerate(self._waiting) if not count]  # in order, and so a heap
        self.running = 0
        self.unfinished = len(self._waiting)
        self.error: BaseException | None = None

    @property
    def startable(self) -> int:
        """How many tasks may start now."""
        return len(self._ready) if self.error is None else 0

    @property
    def ended(self) -> bool:
        """Whether no task runs and none will start."""
        return not self.running and (not self.unfinished or self.error is not None)

    def start(self) -> int | None:
        """Start the first of the ready tasks; None where there is none."""
        if not self._ready or self.error is not None:
            return None
        self.running += 1
        return heappop(self._ready)

    def finished(self, task: int) -> list[int]:
        """A task has finished; those that waited for it only become ready.

        Arguments:
            task: one that runs.
        Returns:
            the tasks whose results nobody will read any more.
        """
        self.running -= 1
        self.unfinished -= 1
        for reader in self._order.readers[task]:
            self._waiting[reader] -= 1
            if not self._waiting[reader]:
                heappush(self._ready, reader)
        return [t for t in self._order.waits[task] if self._read(t)]

    def failed(self, task: int, error: BaseException) -> None:
        """A task that runs has failed: none starts any more."""
        del task
        self.running -= 1
        self.interrupted(error)

    def interrupted(self, error: BaseException) -> None:
        """No task starts any more; the first error counts, but an interrupt more than any error of a task."""
        if self.error is None or (isinstance(self.error, Exception) and not isinstance(error, Exception)):
            self.error = error

    def _read(self, task: int) -> bool:
        self._unread[task] -= 1
        return not self._unread[task] and task not in self._order.kept


class Results:
    """The values of one run: those it was given, and the results of its tasks until they are let go.

    Arguments:
        plan: what is run.
        values: of its inputs.
    """

    __slots__ = ("_done", "_plan", "_values")

    def __init__(self, plan: Plan, values: Sequence[Any]) -> None:
        self._plan = plan
        self._values = values
        self._done: list[tuple[Any, ...] | None] = [None] * len(plan.tasks)

    def arguments(self, task: int) -> list[Any]:
        """The arguments of a task that may start."""
        return [self._value(slot) for slot in self._plan.tasks[task].args]

    def put(self, task: int, results: tuple[Any, ...], unread: Sequence[int]) -> None:
        """Keep the results of a task, and let go of those that nobody will read any more.

        Arguments:
            task: its index in the plan.
            results: of the task.
            unread: the tasks whose results nobody will read any more.
        """
        self._done[task] = results
        for t in unread:
            self._done[t] = None

    def outputs(self) -> tuple[Any, ...]:
        """The results of the plan, when all tasks have finished."""
        return tuple([self._value(slot) for slot in self._plan.outputs])

    def _value(self, slot: Slot) -> Any:
        if isinstance(slot, PlanInput):
            return slot.of(self._values)
        results = self._done[slot.task]
        if results is None:
            raise LookupError(f"task {slot.task} has no results yet, or not any more")
        return results[slot.index]


def run_in_order(
    plan: Plan, values: Sequence[Any], runners: Sequence[Callable[..., tuple[Any, ...]]]
) -> tuple[Any, ...]:
    """The results of a plan whose tasks run one after the other in this thread.

    Arguments:
        plan: the plan.
        values: of its inputs, after entry.
        runners: what runs each task.
    """
    state, results = Readiness(dependencies(plan)), Results(plan, values)
    while (task := state.start()) is not None:
        done = runners[task](*results.arguments(task))
        results.put(task, done, state.finished(task))
    return results.outputs()
