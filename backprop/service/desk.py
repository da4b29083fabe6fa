"""The desk: takes submissions in, has them run when the queue says so, and all of it written into the journal.

What was acknowledged is in the journal, and what the journal holds is queued again after a restart. Equal bits make
that harmless: a run that was under way when the service was killed runs again, and gives the same answer. For the same
reason a message that was answered before is answered from the journal, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..errors import DeadlineError, StoppedError, UnknownRunError
from ..scheduler.executors.base import AbstractExecutor
from .entries import Entry, Name
from .intake import Intake, stopping
from .leader import Leader
from .programs import Programs
from .queue import Bounds, Queue, State
from .runs import Active, Ended, Ending, Options, Runner, Submission, Taken, id_of
from .storage.journal import Journal

READERS = 8
"""The submissions that are read at once, beside the runs."""


class Desk:
    """Takes, runs and answers.

    Arguments:
        journal: where all of it is written down.
        executor: what runs programs.
        bounds: of the queue.
        programs: what can be run.
        clock: seconds since 1970.
        told: is told each run that has ended, and the bytes of its answer; quickly, as the lock is held.
        runner: runs what was asked for.
    """

    def __init__(
        self,
        journal: Journal,
        executor: AbstractExecutor,
        bounds: Bounds,
        programs: Programs,
        clock: Callable[[], float],
        told: Callable[[Entry, Active, int], None],
        runner: Runner,
    ) -> None:
        self.journal, self.executor, self.programs, self.limits = journal, executor, programs, programs.limits
        self.clock = clock
        self._intake = Intake(journal, programs, clock, clock() if programs.has_own else 0.0)
        self._pool = ThreadPoolExecutor(bounds.slots + READERS, thread_name_prefix="run")
        self._leader = Leader(journal, bounds, lambda: self.clock(), told, runner, self._pool)

    @property
    def queue(self) -> Queue:
        """Who runs next."""
        return self._leader.queue

    def submit(self, name: Name, data: bytes, options: Options) -> Entry:
        """Take a run in; what comes back is in the journal.

        Arguments:
            name: of the run: the client, and the key that it gave.
            data: the message of values.
            options: priority, deadline and the like.
        Errors:
            WireError: a damaged message; PlanError: values that do not fit; UnknownRunError: no such program.
            KeyReusedError: another run has this name. BusyError: the client has too much in the queue.
            ServiceUnavailableError: the service is about to stop.
        """
        (found,) = self.take([Submission(name, data, options)]).result()
        if isinstance(found, Exception):
            raise found
        return found.result().entry if found.done() else self.entry(name)

    def take(self, submissions: Sequence[Submission]) -> Future[list[Taken]]:
        """Take in runs of one client; what comes of each, when the journal has it."""
        future: Future[list[Taken]] = Future()
        future.set_running_or_notify_cancel()  # whoever waits for it can't cancel it
        try:
            self._pool.submit(self._take, submissions, future)
        except RuntimeError:  # the pool has ended
            future.set_exception(stopping())
        return future

    def _take(self, submissions: Sequence[Submission], future: Future[list[Taken]]) -> None:
        try:
            prepared = self._intake.prepared(submissions, self.draining)
        except Exception as error:
            future.set_exception(error)
            return
        self._leader.take(prepared, future)
        self._leader.lead()

    def cancel(self, name: Name) -> Entry:
        """Cancel a run: whoever waits is told at once; one that runs ends before its next op.

        Errors:
            UnknownRunError: there is no such run.
        """
        error = StoppedError(f"the run {name.key} was cancelled")
        with self._leader.lock:
            id = id_of(name)
            active = self._leader.active.get(id)
            if self.queue.cancel(id) is not None and active is not None:
                self._leader.end(Ending(active, State.CANCELLED, self.clock(), problem=error))
            self._leader.write()
        if active is not None:
            active.stop.stop(error)
        return self.entry(name)

    def expire(self) -> None:
        """End the runs whose deadline has passed; called now and then."""
        error = DeadlineError("the run had not ended at its deadline", fix="give a later one, or more workers")
        with self._leader.lock:
            now = self.clock()
            late = [self._leader.active[id] for id in self.queue.expire(now) if id in self._leader.active]
            for active in late:
                self._leader.end(Ending(active, State.EXPIRED, now, problem=error))
            self._leader.write()
            self._leader.call()
        for active in late:
            active.stop.stop(error)

    # Questions.

    def entry(self, name: Name) -> Entry:
        """What the journal says of a run.

        Errors:
            UnknownRunError: there is no such run.
        """
        return self.journal.entry(name)

    def answer(self, name: Name) -> Future[Ended] | None:
        """The future of a run that has not ended; None for any other."""
        with self._leader.lock:
            active = self._leader.active.get(id_of(name))
            return None if active is None else active.answer

    def outcome(self, name: Name) -> Future[Ended]:
        """How a run will end, or has.

        Errors:
            UnknownRunError: there is no such run.
        """
        return self._leader.outcome(name)

    def result(self, entry: Entry) -> bytes:
        """The answer of a run that is done.

        Errors:
            UnknownRunError: it has gone out of the store.
        """
        data = self.journal.content(entry.result or "", self.clock())
        if data is None:
            raise UnknownRunError("the answer has gone out of the store", fix="submit the run again: bits are equal")
        return data

    def progress(self, name: Name) -> dict[str, Any]:
        """How far a run is: its state, the tasks that are done, and how many there are."""
        with self._leader.lock:
            active, queued = self._leader.active.get(id_of(name)), self.queue.state(id_of(name))
        if active is None or queued is None:
            return {"state": self.entry(name).state}
        total = len(active.plan.tasks) if active.plan is not None else None
        return {"state": queued.value, "done": len(active.recorder.finished), "tasks": total}

    def tasks(self, name: Name) -> list[list[Any]]:
        """The tasks of a run that ended lately: index, name, worker, end, seconds, error of each."""
        with self._leader.lock:
            recorder = self._leader.traces.get(name)
        events = recorder.finished if recorder is not None else ()
        return [[e.task, e.name, e.worker, e.at, e.seconds, e.error] for e in events]

    def by_client(self) -> dict[str, tuple[int, int]]:
        """How many runs of each client wait and run."""
        with self._leader.lock:
            return self.queue.by_client()

    def open_runs(self) -> list[Name]:
        """The runs that wait and run."""
        with self._leader.lock:
            return [active.name for active in self._leader.active.values()]

    @property
    def draining(self) -> bool:
        """Whether nothing more is taken in and started."""
        return self._leader.draining

    def drain(self, seconds: float) -> bool:
        """Start nothing more, and wait for what runs; whether all of it ended in time. What waits is in the journal."""
        with self._leader.changed:
            self._leader.draining = True
            return self._leader.changed.wait_for(lambda: self.queue.running == 0, seconds)

    def close(self) -> None:
        """Stop what still runs, which runs again after the next start, and let go of threads and journal."""
        self._leader.halt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.journal.close()
