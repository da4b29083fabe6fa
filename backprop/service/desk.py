"""The desk: takes submissions in, runs them when the queue says so, and writes all of it into the journal.

Submissions of any thread pass one lock for what the queue decides; programs run in threads of their own, on one
executor. What was acknowledged is in the journal, and what the journal holds is queued again after a restart. Equal
bits make that harmless: a run that was under way when the service was killed runs again, and gives the same answer.
For the same reason a message that was answered before is answered from the journal, whoever asks.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..errors import (
    BusyError,
    DeadlineError,
    ServiceUnavailableError,
    StoppedError,
    UnknownRunError,
)
from ..scheduler.events import Recorder
from ..scheduler.executors.base import AbstractExecutor
from .entries import OPEN, Entry, Name, content_hash
from .journal import Journal
from .messages import run_from_bytes
from .problems import problem_of
from .programs import Programs
from .queue import Bounds, Queue, State
from .runs import Active, Options, Runner, id_of, job_of

TRACES = 1024
"""The ended runs whose tasks are remembered."""


class Desk:
    """Takes, runs and answers.

    Arguments:
        journal: where all of it is written down.
        executor: what runs programs.
        bounds: of the queue.
        programs: what can be run.
        clock: seconds since 1970.
        ended: is told the entry of each run that has ended; quickly, as it is called under the lock.
    """

    def __init__(
        self,
        journal: Journal,
        executor: AbstractExecutor,
        bounds: Bounds,
        programs: Programs,
        clock: Callable[[], float],
        ended: Callable[[Entry], None],
    ) -> None:
        self.journal, self.executor, self.programs, self.limits = journal, executor, programs, programs.limits
        self._since = clock() if programs.has_own else 0.0  # the operator's code may be another one than before
        self.clock, self._told = clock, ended
        self._runner = Runner(journal, programs, executor)
        self.queue = Queue(bounds)
        self.draining = False
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._active: dict[str, Active] = {}
        self._traces: OrderedDict[Name, Recorder] = OrderedDict()
        self._pool = ThreadPoolExecutor(bounds.slots, thread_name_prefix="run")
        for entry in journal.open_runs():
            self._take_up(entry)

    # Runs.

    def submit(self, name: Name, data: bytes, options: Options) -> Entry:
        """Take a run in; what comes back is in the journal.

        Errors:
            WireError: a damaged message; PlanError: values that do not fit; UnknownRunError: no such program.
            BusyError: the client has too much in the queue.
            ServiceUnavailableError: the service is about to stop.
        """
        known = self.journal.find(name)
        if known is not None:
            return known
        if self.draining:
            raise ServiceUnavailableError("the service is about to stop", fix="ask again in some seconds")
        now = self.clock()
        deadline = None if options.within is None else now + options.within
        entry = Entry(name, content_hash(data), options.priority, deadline, options.attempts, OPEN, now)
        again = None if options.fresh else self._from_store(entry, data)
        if again is not None:
            return again
        plan, values = self.programs.planned(run_from_bytes(data, self.limits), now)
        return self._admit(entry, data, Active(name, entry.body, plan, values))

    def _from_store(self, entry: Entry, data: bytes) -> Entry | None:
        """The entry of a run whose message was answered before; None for a new message."""
        digest = self.journal.answered(entry.body, self._since)
        result = None if digest is None else self.journal.content(digest, entry.at)
        if result is None:
            return None
        found = self.journal.submit(entry, data)
        ended = self.journal.end(found.name, State.DONE.value, entry.at, result=result)
        self._told(ended)
        return ended

    def _admit(self, entry: Entry, data: bytes, active: Active) -> Entry:
        id = id_of(entry.name)
        with self._lock:
            if id in self._active:  # the same submission came twice at once
                return self.journal.find(entry.name) or entry
            assert active.plan is not None
            rejected = self.queue.submit(job_of(entry, active.plan.work, len(data)), entry.at)
            if rejected is not None:
                raise BusyError(rejected.why, fix=f"ask again in {rejected.retry_after:.0f} seconds")
            self._active[id] = active
            try:
                self.journal.submit(entry, data)
            except BaseException:
                self.queue.cancel(id)
                del self._active[id]
                raise
            self._dispatch()
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
        with self._lock:
            active = self._active.get(id)
            if active is None:  # cancelled before it began
                self.queue.end(id)
                self._dispatch()
                return
        try:
            result = self._runner.run(active, self.clock())
        except Exception as error:
            self._ended(id, active, problem=error)
        else:
            self._ended(id, active, result=result)

    def _ended(self, id: str, active: Active, result: bytes | None = None, problem: Exception | None = None) -> None:
        with self._lock:
            state = self.queue.end(id, failed=problem is not None)
            if state is State.DONE:
                self._answer(id, State.DONE, result=result)
            elif state is State.FAILED:
                self._answer(id, State.FAILED, problem=problem)
            elif state is State.QUEUED:
                active.recorder.clear()
            self._dispatch()
            self._changed.notify_all()

    def _answer(
        self, id: str, state: State, result: bytes | None = None, problem: Exception | None = None
    ) -> Entry | None:
        active = self._active.pop(id, None)
        if active is None:
            return None
        told = None if problem is None else json.dumps(problem_of(problem))
        entry = self.journal.end(active.name, state.value, self.clock(), result, told)
        self._traces[active.name] = active.recorder
        if len(self._traces) > TRACES:
            self._traces.popitem(last=False)
        active.answer.set_result(entry)
        self._told(entry)
        return entry

    def cancel(self, name: Name) -> Entry:
        """Cancel a run: whoever waits is told at once; one that runs ends before its next op.

        Errors:
            UnknownRunError: there is no such run.
        """
        error = StoppedError(f"the run {name.key} was cancelled")
        with self._lock:
            id = id_of(name)
            active = self._active.get(id)
            if self.queue.cancel(id) is not None:
                self._answer(id, State.CANCELLED, problem=error)
                self._dispatch()
        if active is not None:
            active.stop.stop(error)
        return self.entry(name)

    def expire(self) -> None:
        """End the runs whose deadline has passed."""
        error = DeadlineError("the run had not ended at its deadline", fix="give a later one, or more workers")
        with self._lock:
            late = self.queue.expire(self.clock())
            stops = [self._active[id].stop for id in late if id in self._active]
            for id in late:
                self._answer(id, State.EXPIRED, problem=error)
            self._dispatch()
        for stop in stops:
            stop.stop(error)

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

    def answer(self, name: Name) -> Future[Entry] | None:
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

    def overview(self) -> list[dict[str, Any]]:
        """The runs that wait and run."""
        with self._lock:
            names = [active.name for active in self._active.values()]
        return [{"client": name.client, "key": name.key, **self.progress(name)} for name in names]

    # The end.

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
