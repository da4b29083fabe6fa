"""The leader: the thread that runs what the queue says, and has it written down.

One thread at a time leads: it runs what is quick, one run after the other, and has the book written now and then, so
that small runs share transactions and no two threads press for the interpreter. A run that is not quick is run by the
thread that meets it, and another one leads meanwhile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ..errors import BusyError, StoppedError
from ..scheduler.events import Recorder
from ..scheduler.machine.blas import blas_threads
from .book import Book
from .entries import Entry, Name
from .intake import Prepared, reused
from .queue import Bounds, Job, Queue, State
from .runs import Active, Ended, Ending, Runner, Taken, id_of, job_of, over
from .storage.journal import Journal

TRACES = 1024
"""The ended runs whose tasks are remembered."""

TOGETHER, MOST = 5e-3, 256
"""Seconds for which a thread leads before the book is written, and how much may stand in it."""


class Leader:
    """What waits and runs, and how it ends.

    Arguments:
        journal: where it is written down; what is open in it is queued again.
        bounds: of the queue.
        clock: seconds since 1970.
        told: is told each run that has ended, and the bytes of its answer; quickly, as the lock is held.
        runner: runs what was asked for.
        pool: the threads that lead and run.

    Attributes:
        lock: is held by whoever calls a method whose description says so.
        draining: whether nothing more is started.
    """

    def __init__(
        self,
        journal: Journal,
        bounds: Bounds,
        clock: Callable[[], float],
        told: Callable[[Entry, Active, int], None],
        runner: Runner,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.queue = Queue(bounds)
        self.draining = False
        self.active: dict[str, Active] = {}
        self.traces: OrderedDict[Name, Recorder] = OrderedDict()
        self._journal, self._clock, self._told, self._runner, self._pool = journal, clock, told, runner, pool
        self._book = Book(journal)
        self._is_led = False
        for entry in journal.open_runs():
            self.active[id_of(entry.name)] = Active(entry)
            self.queue.restore(job_of(entry, 0.0, 0))
        self.call()

    def take(self, prepared: Sequence[Prepared | Entry | Exception], future: Future[list[Taken]]) -> None:
        """Take in what was checked; the future has what comes of each when the journal has it."""
        with self.lock:
            self._book.promise(future, [self._admitted(each) for each in prepared])

    def _admitted(self, given: Prepared | Entry | Exception) -> Taken:
        """What comes of a submission that was checked."""
        if isinstance(given, Exception):
            return given
        entry = given if isinstance(given, Entry) else given.active.entry
        known = self.active.get(id_of(entry.name))
        if known is not None:  # it came before
            return known.answer if known.entry.body == entry.body else reused(entry.name)
        if isinstance(given, Entry):
            return self.outcome(entry.name)
        active = given.active
        if given.answer is not None:
            self._book.end(Ending(active, State.DONE, entry.at, given.answer))
            return active.answer
        assert active.plan is not None
        rejected = self.queue.submit(job_of(entry, active.plan.work, given.nbytes), entry.at)
        if rejected is not None:
            return BusyError(rejected.why, fix=f"ask again in {rejected.retry_after:.0f} seconds")
        self.active[id_of(entry.name)] = active
        self._book.take(active)
        return active.answer

    def lead(self) -> None:
        """Run what is quick until nothing is to be done, and what is not as it comes; unless another thread leads."""
        while (job := self._next()) is not None:
            ending = self._ending(job.id)
            with self.lock:
                self._after(job.id, ending)
                self.write()

    def _next(self) -> Job | None:
        """The job to run next that is not quick, after all quick ones before it have run; None for none."""
        with self.lock:
            if self._is_led:
                return None
            self._is_led = True
        with blas_threads(1):  # not set back and forth by each run
            return self._after_quick_ones()

    def _after_quick_ones(self) -> Job | None:
        until = self._clock() + TOGETHER
        while True:
            with self.lock:
                job = None if self.draining else self.queue.start(self._clock())
                is_quick = job is not None and self.active[job.id].is_quick
                if not is_quick or len(self._book) >= MOST or self._clock() > until:
                    self.write()
                    until = self._clock() + TOGETHER
                if not is_quick:
                    self._is_led = False
                    self.changed.notify_all()
                    self.call()
                    return job
            assert job is not None
            ending = self._ending(job.id)
            with self.lock:
                self._after(job.id, ending)

    def call(self) -> None:
        """Have another thread lead, if there is something to be done; under the lock."""
        if not self.draining and self.queue.can_start:
            self._pool.submit(self.lead)

    def _ending(self, id: str) -> Ending | None:
        """How a job ends; None for one that was cancelled before it began."""
        with self.lock:
            active = self.active.get(id)
        if active is None:
            return None
        try:
            result = self._runner.run(active, self._clock())
        except Exception as error:
            return Ending(active, State.FAILED, self._clock(), problem=error)
        return Ending(active, State.DONE, self._clock(), result)

    def _after(self, id: str, ending: Ending | None) -> None:
        """Take note of the end of a job."""
        state = self.queue.end(id, failed=ending is not None and ending.state is State.FAILED)
        if ending is not None and state is ending.state:
            self.end(ending)
        elif ending is not None and state is State.QUEUED:
            ending.active.recorder.clear()

    def end(self, ending: Ending) -> None:
        """Have it written down how a run has ended; under the lock."""
        if self.active.pop(id_of(ending.active.name), None) is not None:
            self._book.end(ending)

    def halt(self) -> None:
        """Stop what runs, and write nothing of it: it is open in the journal, and runs again after the next start."""
        with self.lock:
            self.draining = True
            self.write()
            halted = list(self.active.values())
            self.active.clear()
        for active in halted:
            active.stop.stop(StoppedError("the service ends"))

    def write(self) -> None:
        """Have the book written; under the lock."""
        written = self._book.write()
        for active in written.lost:
            self.queue.cancel(id_of(active.name))
            self.active.pop(id_of(active.name), None)
        for ending, entry in written.ended:
            self.traces[entry.name] = ending.active.recorder
            if len(self.traces) > TRACES:
                self.traces.popitem(last=False)
            self._told(entry, ending.active, len(ending.result or b""))

    def outcome(self, name: Name) -> Future[Ended]:
        """How a run will end, or has.

        Errors:
            UnknownRunError: there is no such run.
        """
        with self.lock:
            active = self.active.get(id_of(name))
            return over(self._journal.entry(name)) if active is None else active.answer
