"""Replay of a plan by the thread that asks and a few helpers: no graph is built, and no queue stands between tasks.

`dask.threaded.get` orders a graph, submits each task, and waits for each in turn: some 0.25 ms a run before and between
the tasks of a plan of three. What is replayed does not change, so all that can be known is known. Which task may start
is the business of `Readiness`; here are the threads around it. The thread that asks takes the first task, helpers the
others; who ends a task goes on with one that it has made ready, and wakes idle threads for the rest.

Ctrl-C raises KeyboardInterrupt anywhere in the thread that asks. It must not find a lock that it leaves locked, nor a
count that it leaves wrong: so locks and the queue that the asker waits at are those written in C, which either have
been taken or have not, and after an interrupt only what helpers count themselves is relied on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from ..machine.blas import blas_threads as blas
from ..planning.plan import Plan
from .readiness import Dependencies, Readiness, Results, dependencies
from .thread_pool import PoolOfEachThread

Runner = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A plan as something to call with values that fit.

    Arguments:
        plan: the plan, without host-pinned tasks.
        order: its dependencies.
        runners: what runs each task.
        workers: how many tasks may run at once, that of the thread that asks among them.
        blas_threads: the threads of BLAS in a task.
    """

    plan: Plan
    order: Dependencies
    runners: Sequence[Runner]
    workers: int
    blas_threads: int | None

    def __call__(self, values: Sequence[Any], pools: PoolOfEachThread) -> Sequence[Any]:
        """The results of the plan, with helpers from some pools."""
        with blas(self.blas_threads):
            return _Run(self, values, pools).results()


def replay(plan: Plan, runners: Sequence[Runner], workers: int, blas_threads: int | None) -> Replay:
    """A plan for replay.

    Arguments:
        plan: the plan, without host-pinned tasks.
        runners: what runs each task.
        workers: how many tasks may run at once, that of the thread that asks among them.
        blas_threads: the threads of BLAS in a task.
    """
    return Replay(plan, dependencies(plan), runners, workers, blas_threads)


class _Run:
    """One run of a plan; `_lock` guards all that follows it."""

    def __init__(self, replay: Replay, values: Sequence[Any], pools: PoolOfEachThread) -> None:
        self._runners = replay.runners
        self._pools = pools
        self._pool = pools.of_this_thread(replay.workers)
        self._bell: SimpleQueue[None] = SimpleQueue()  # rung for the thread that asks
        self._lock = threading.Lock()
        self._state = Readiness(replay.order)
        self._results = Results(replay.plan, values)
        self._asker_waits = False
        self._uncalled = replay.workers - 1  # helpers that may be called
        self._inside = 0  # helpers that do tasks, counted by themselves

    def results(self) -> tuple[Any, ...]:
        """Work, with helpers, until all is done."""
        try:
            self._ask()
        except BaseException as error:  # in this thread and outside of any task, as Ctrl-C is
            self._state.interrupted(error)
            self._pools.forget()  # a thread may have been called and not woken
        finally:
            if self._state.unfinished:
                wait_until(self._is_quiet, self._bell)
        if self._state.error is not None:
            raise self._state.error
        return self._results.outputs()

    def _ask(self) -> None:
        with self._lock:
            self._call_others()
        while not self._work(self._asker_next):
            self._bell.get()

    def _help(self) -> None:
        """What a helper does."""
        with self._lock:
            self._inside += 1
        try:
            self._work(self._helper_next)
        except BaseException as error:  # no thread could be started
            with self._lock:
                self._state.interrupted(error)
                self._leave()

    def _work(self, next_task: Callable[[], int | None]) -> bool:
        """Do tasks as long as there are ready ones; tell whether the run has ended."""
        while (task := next_task()) is not None:
            try:
                results = self._runners[task](*self._results.arguments(task))
            except BaseException as error:
                with self._lock:
                    self._state.failed(task, error)
            else:
                self._finish(task, results)
        return self._state.ended

    def _finish(self, task: int, results: tuple[Any, ...]) -> None:
        with self._lock:
            self._results.put(task, results, self._state.finished(task))
            self._call_others()

    def _asker_next(self) -> int | None:
        with self._lock:
            task = self._state.start()
            self._asker_waits = task is None
            return task

    def _helper_next(self) -> int | None:
        with self._lock:
            task = self._state.start()
            if task is None:
                self._leave()
            return task

    def _leave(self) -> None:
        """A helper goes; the lock is held."""
        self._inside -= 1
        self._uncalled += 1
        if self._state.ended or not self._inside:
            self._bell.put(None)

    def _call_others(self) -> None:
        """Wake idle threads, as far as there are any, for all ready tasks but one; the lock is held."""
        wanted = self._state.startable - 1
        if wanted > 0 and self._asker_waits:
            self._asker_waits = False
            self._bell.put(None)
            wanted -= 1
        for k in range(min(wanted, self._uncalled)):
            self._uncalled -= 1
            self._pool.run_apart(self._help, k)

    def _is_quiet(self) -> bool:
        """Whether no helper does a task, and none will start one."""
        with self._lock:
            if self._state.error is None:
                self._state.interrupted(KeyboardInterrupt())
            return not self._inside


def wait_until(condition: Callable[[], bool], bell: SimpleQueue[None]) -> None:
    """Wait until a condition holds, whatever happens; an interrupt meanwhile is raised afterwards.

    Arguments:
        condition: looked at now, and whenever the bell rings.
        bell: takes an item whenever the condition may have come true.
    """
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            while not condition():
                bell.get()
            break
        except KeyboardInterrupt as again:
            interrupt = again
    if interrupt is not None:
        raise interrupt
