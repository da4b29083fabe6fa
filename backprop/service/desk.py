"""The desk: takes submissions in, runs them when the queue says so, and writes all of it into the journal.

Submissions of any thread pass one lock for what the queue decides; programs run in threads of their own, on one
executor. What was acknowledged is in the journal, and what the journal holds is queued again after a restart. Equal
bits make that harmless: a run that was under way when the service was killed runs again, and gives the same answer.
For the same reason a message that was answered before is answered from the journal, whoever asks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..errors import (
    BusyError,
    DeadlineError,
    StoppedError,
    UnknownRunError,
)
from ..scheduler.events import Recorder
from ..scheduler.executors.base import AbstractExecutor
from .entries import Entry, Name
from .intake import Intake, Prepared, reused
from .journal import Journal
from .programs import Programs
from .queue import Bounds, Queue, State
from .runs import Active, Ended, Ending, Options, Runner, Submission, id_of, job_of

TRACES = 1024
"""The ended runs whose tasks are remembered."""

TOGETHER, MOST = 2e-3, 64
"""Seconds for which a thread runs small jobs before their ends are written down, and how many at most."""


class Desk:
    """Takes, runs and answers.

    Arguments:
        journal: where all of it is written down.
        executor: what runs programs.
        bounds: of the queue.
        programs: what can be run.
        clock: seconds since 1970.
        runner: runs what was asked for.
        ended: is told each run that has ended, and the bytes of its answer; quickly, as the lock is held.
    """

    def __init__(
        self,
        journal: Journal,
        executor: AbstractExecutor,
        bounds: Bounds,
        programs: Programs,
        clock: Callable[[], float],
        ended: Callable[[Entry, Active | None, int], None],
        runner: Runner,
    ) -> None:
        self.journal, self.executor, self.programs, self.limits = journal, executor, programs, programs.limits
        self.clock, self._told = clock, ended
        self._intake = Intake(journal, programs, clock, clock() if programs.has_own else 0.0)
        self._runner = runner
        self.queue = Queue(bounds)
        self.draining = False
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._active: dict[str, Active] = {}
        self._unwritten: list[Ending] = []  # how runs have ended, but for the journal
        self._traces: OrderedDict[Name, Recorder] = OrderedDict()
        self._pool = ThreadPoolExecutor(bounds.slots, thread_name_prefix="run")
        for entry in journal.open_runs():
            self._take_up(entry)

    def submit(self, name: Name, data: bytes, options: Options) -> Entry:
        """Take a run in; what comes back is in the journal.

        Errors:
            WireError: a damaged message; PlanError: values that do not fit; UnknownRunError: no such program.
            KeyReusedError: another run has this name. BusyError: the client has too much in the queue.
            ServiceUnavailableError: the service is about to stop.
        """
        (found,) = self.submit_all([Submission(name, data, options)])
        if isinstance(found, Exception):
            raise found
        return found

    def submit_all(self, submissions: Sequence[Submission]) -> list[Entry | Exception]:
        """Take runs in, written into the journal together; for each its entry, or why it was not taken."""
        prepared = [self._intake.prepared(each, self.draining) for each in submissions]
        with self._lock:
            taken: list[str] = []
            try:
                with self.journal.transaction():
                    found = [self._admitted(each, taken) for each in prepared]
            except BaseException:  # nothing was written
                for id in taken:
                    self.queue.cancel(id)
                    del self._active[id]
                raise
            self._dispatch()
        return found

    def _admitted(self, given: Prepared | Entry | Exception, taken: list[str]) -> Entry | Exception:
        """The entry of a submission, in a transaction of the journal; the queue has taken those of `taken`."""
        if not isinstance(given, Prepared):
            return given
        entry, active = self.journal.submit(given.entry, given.data), given.active
        if entry is not given.entry:  # the same submission came twice at once
            return entry if entry.body == given.entry.body else reused(entry.name)
        if active is None:
            ended = self.journal.end(entry.name, State.DONE.value, entry.at, result=given.stored)
            self._told(ended, None, len(given.stored))
            return ended
        id = id_of(entry.name)
        assert active.plan is not None
        rejected = self.queue.submit(job_of(entry, active.plan.work, len(given.data)), entry.at)
        if rejected is not None:
            self.journal.withdraw(entry)
            return BusyError(rejected.why, fix=f"ask again in {rejected.retry_after:.0f} seconds")
        taken.append(id)
        self._active[id] = active
        return entry

    def _take_up(self, entry: Entry) -> None:
        """Queue what was acknowledged before a restart."""
        with self._lock:
            self._active[id_of(entry.name)] = Active(entry.name, entry.body, None, ())
            self.queue.restore(job_of(entry, 0.0, 0))
            self._dispatch()

    def _dispatch(self) -> None:
        while not self.draining and (job := self.queue.start(self.clock())) is not None:
            self._pool.submit(self._work, job.id)

    def _work(self, id: str) -> None:
        """Run a job, and small ones behind it; what has ended is written into the journal together.

        Should one of these take long, others or `expire` write what ended before it.
        """
        until, following = self.clock() + TOGETHER, id
        while following:
            ending = self._ending(following)
            with self._lock:
                following = self._after(following, ending, until)
        with self._lock:
            self._write_all()
            self._dispatch()
            self._changed.notify_all()

    def _ending(self, id: str) -> Ending | None:
        """How a job ends; None for one that was cancelled before it began."""
        with self._lock:
            active = self._active.get(id)
        if active is None:
            return None
        try:
            result = self._runner.run(active, self.clock())
        except Exception as error:
            return Ending(active, State.FAILED, self.clock(), problem=error)
        return Ending(active, State.DONE, self.clock(), result)

    def _after(self, id: str, ending: Ending | None, until: float) -> str:
        """Take note of the end of a job; the id of a small one to run next in this thread, "" for none."""
        state = self.queue.end(id, failed=ending is not None and ending.state is State.FAILED)
        if ending is not None and state is ending.state:
            self._unwritten.append(ending)
        elif ending is not None and state is State.QUEUED:
            ending.active.recorder.clear()
        now = self.clock()
        if self.draining or now > until or len(self._unwritten) >= MOST or (job := self.queue.start(now)) is None:
            return ""
        if job.seconds < TOGETHER:
            return job.id
        self._pool.submit(self._work, job.id)
        return ""

    def _write_all(self) -> None:
        endings, self._unwritten = self._unwritten, []
        self._write(endings)

    def _write(self, endings: Sequence[Ending]) -> None:
        """Write down how runs have ended, and tell those who wait."""
        here = [ending for ending in endings if self._active.pop(id_of(ending.active.name), None) is not None]
        with self.journal.transaction():
            entries = [self.journal.end(*ending.written()) for ending in here]
        for ending, entry in zip(here, entries, strict=True):
            self._traces[entry.name] = ending.active.recorder
            if len(self._traces) > TRACES:
                self._traces.popitem(last=False)
            ending.active.answer.set_result(Ended(entry, ending.result))
            self._told(entry, ending.active, len(ending.result or b""))

    def cancel(self, name: Name) -> Entry:
        """Cancel a run: whoever waits is told at once; one that runs ends before its next op.

        Errors:
            UnknownRunError: there is no such run.
        """
        error = StoppedError(f"the run {name.key} was cancelled")
        with self._lock:
            id = id_of(name)
            active = self._active.get(id)
            if self.queue.cancel(id) is not None and active is not None:
                self._write([Ending(active, State.CANCELLED, self.clock(), problem=error)])
                self._dispatch()
        if active is not None:
            active.stop.stop(error)
        return self.entry(name)

    def expire(self) -> None:
        """End the runs whose deadline has passed; called now and then."""
        error = DeadlineError("the run had not ended at its deadline", fix="give a later one, or more workers")
        with self._lock:
            now = self.clock()
            late = [self._active[id] for id in self.queue.expire(now) if id in self._active]
            self._write_all()
            self._write([Ending(active, State.EXPIRED, now, problem=error) for active in late])
            self._dispatch()
        for active in late:
            active.stop.stop(error)

    # Questions.

    def entry(self, name: Name) -> Entry:
        """What the journal says of a run.

        Errors:
            UnknownRunError: there is no such run.
        """
        found = self.journal.find(name)
        if found is None:
            raise UnknownRunError(f"no run has the key {name.key[:80]}", fix="submit it first")
        return found

    def answer(self, name: Name) -> Future[Ended] | None:
        """The future of a run that has not ended; None for any other."""
        with self._lock:
            active = self._active.get(id_of(name))
            return None if active is None else active.answer

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
        with self._lock:
            active, queued = self._active.get(id_of(name)), self.queue.state(id_of(name))
        if active is None or queued is None:
            return {"state": self.entry(name).state}
        total = len(active.plan.tasks) if active.plan is not None else None
        return {"state": queued.value, "done": len(active.recorder.finished), "tasks": total}

    def tasks(self, name: Name) -> list[list[Any]]:
        """The tasks of a run that ended lately: index, name, worker, end, seconds, error of each."""
        with self._lock:
            recorder = self._traces.get(name)
        events = recorder.finished if recorder is not None else ()
        return [[e.task, e.name, e.worker, e.at, e.seconds, e.error] for e in events]

    def by_client(self) -> dict[str, tuple[int, int]]:
        """How many runs of each client wait and run."""
        with self._lock:
            return self.queue.by_client()

    def open_runs(self) -> list[Name]:
        """The runs that wait and run."""
        with self._lock:
            return [active.name for active in self._active.values()]

    def drain(self, seconds: float) -> bool:
        """Start nothing more, and wait for what runs; whether all of it ended in time. What waits is in the journal."""
        with self._changed:
            self.draining = True
            return self._changed.wait_for(lambda: self.queue.running == 0, seconds)

    def close(self) -> None:
        """Let go of threads and journal."""
        self.draining = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.journal.close()
