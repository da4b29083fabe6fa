"""The queue: who runs next, who has to wait, and who is turned away. No thread, no clock: time is an argument.

A job goes queued -> running -> out of the queue; a running one that is cancelled, or past its deadline, is `stopping`
until whoever runs it says that it has ended. Clients share by stride scheduling: each has a pass, which grows by the
seconds that its jobs are predicted to take, divided by its weight, and the client with the smallest pass is next. One
that was idle starts at the smallest pass of those that are not, so that nobody saves up turns. Within a client a job
stands at the time at which it arrived, PATIENCE seconds earlier for each step of its priority; so the old ones pass the
important ones at last, and nobody starves.

Source: C. A. Waldspurger, W. E. Weihl, Stride scheduling, MIT/LCS/TM-528, 1995.
Limits: shares are of predicted seconds, not of measured ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

PATIENCE = 60.0
"""Seconds of waiting that make up for one step of priority."""

LEAST = 1e-3
"""Seconds that any job counts for at least."""


class State(Enum):
    """Where a job stands; the first three are in the queue, the others are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the job."""
        return self not in (State.QUEUED, State.RUNNING, State.STOPPING)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is taken at most.

    Arguments:
        slots: jobs that run at once, of all clients.
        running: jobs of one client that run at once.
        queued: jobs of one client that wait.
        nbytes: bytes of the values of one client's jobs that wait.
        weights: of clients, by name; the others have weight 1.
    """

    slots: int = 2
    running: int = 64
    queued: int = 10_000
    nbytes: int = 1 << 30
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to run.

    Arguments:
        id: its name, which no other job in the queue has.
        client: whose it is.
        priority: a larger one comes first, among the jobs of the client.
        deadline: the time at which it is of no use any more; None for never.
        seconds: that it is predicted to take.
        nbytes: of its values.
        attempts: how often it may be tried.
        state: where it stands.
        at: when it arrived.
    """

    id: str
    client: str
    priority: int = 0
    deadline: float | None = None
    seconds: float = 0.0
    nbytes: int = 0
    attempts: int = 1
    state: State = State.QUEUED
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a job was not taken, and when to ask again.

    Arguments:
        why: a sentence.
        retry_after: seconds.
    """

    why: str
    retry_after: float


@dataclass(slots=True, eq=False)
class _Client:
    """What is known of a client that has jobs."""

    pass_: float
    waiting: list[tuple[float, int, str]] = field(default_factory=list)  # a heap; of jobs that left it, too
    queued: int = 0
    running: int = 0
    nbytes: int = 0


class Queue:
    """The jobs that wait and run.

    Arguments:
        bounds: what is taken at most.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._jobs: dict[str, Job] = {}
        self._clients: dict[str, _Client] = {}
        self._arrivals = 0
        self._running = 0

    # Events.

    def submit(self, job: Job, now: float) -> Rejected | None:
        """Take a job in; None where it was, else why not.

        Errors:
            KeyError: a job of this id is there already.
        """
        if job.id in self._jobs:
            raise KeyError(job.id)
        rejected = self._rejected(job)
        if rejected is None:
            self._enqueue(replace(job, state=State.QUEUED, at=now))
        return rejected

    def restore(self, job: Job) -> None:
        """Take in a job that was taken before, whatever the bounds are now; it stands where it stood."""
        self._enqueue(replace(job, state=State.QUEUED))

    def start(self, now: float) -> Job | None:
        """The job to run now, which is running from here on; None where none can."""
        if self._running >= self.bounds.slots:
            return None
        ready = [(c.pass_, c.running, name) for name, c in self._clients.items() if self._can_run(c)]
        if not ready:
            return None
        client = self._clients[min(ready)[2]]
        job = self._first(client)
        client.pass_ += max(job.seconds, LEAST) / self.weight(job.client)
        self._leave_heap(client, job)
        return self._become(replace(job, state=State.RUNNING, attempts=job.attempts - 1), running=1)

    def end(self, id: str, failed: bool = False) -> State:
        """A running job has ended; where it failed and may be tried again, it is queued once more.

        Returns:
            its state from here on.
        """
        job = self._jobs[id]
        self._become(job, running=-1)
        if job.state is State.STOPPING:
            self._drop(job)
            return State.CANCELLED
        if failed and job.attempts > 0:
            self._enqueue(replace(job, state=State.QUEUED))
            return State.QUEUED
        self._drop(job)
        return State.FAILED if failed else State.DONE

    def cancel(self, id: str) -> State | None:
        """Cancel a job: one that waits is out at once, one that runs is stopping; None where it is not here."""
        return self._leave(id, State.CANCELLED)

    def expire(self, now: float) -> list[str]:
        """The jobs whose deadline has passed, each told once: those that wait are out, those that run are stopping."""
        late = [
            job
            for job in self._jobs.values()
            if job.deadline is not None and job.deadline <= now and job.state is not State.STOPPING
        ]
        for job in late:
            self._leave(job.id, State.EXPIRED)
        return [job.id for job in late]

    # Questions.

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, id: object) -> bool:
        return id in self._jobs

    def state(self, id: str) -> State | None:
        """Where a job stands; None where it is not here."""
        job = self._jobs.get(id)
        return None if job is None else job.state

    @property
    def running(self) -> int:
        """The jobs that run, those that are stopping among them."""
        return self._running

    @property
    def can_start(self) -> bool:
        """Whether a job can run now."""
        return self._running < self.bounds.slots and any(map(self._can_run, self._clients.values()))

    def by_client(self) -> dict[str, tuple[int, int]]:
        """How many jobs of each client wait and run."""
        return {name: (client.queued, client.running) for name, client in self._clients.items()}

    def weight(self, client: str) -> float:
        """The weight of a client."""
        return self.bounds.weights.get(client, 1.0)

    # Inside.

    def _rejected(self, job: Job) -> Rejected | None:
        client = self._clients.get(job.client)
        queued, nbytes = (client.queued, client.nbytes) if client else (0, 0)
        if queued >= self.bounds.queued:
            return Rejected(f"{queued} jobs of {job.client} wait, as many as may", self._patience(queued))
        if nbytes + job.nbytes > self.bounds.nbytes:
            return Rejected(f"{nbytes} bytes of {job.client} wait, and at most {self.bounds.nbytes} may", 1.0)
        return None

    def _patience(self, queued: int) -> float:
        """Seconds after which a tenth of what waits has probably run."""
        jobs = [job.seconds for job in self._jobs.values()]
        return min(60.0, max(1.0, 0.1 * queued * sum(jobs) / max(1, len(jobs)) / self.bounds.slots))

    def _enqueue(self, job: Job) -> None:
        client = self._clients.get(job.client)
        if client is None:
            busy = [other.pass_ for other in self._clients.values()]
            client = self._clients[job.client] = _Client(min(busy, default=0.0))
        self._arrivals += 1
        heapq.heappush(client.waiting, (job.at - PATIENCE * job.priority, self._arrivals, job.id))
        client.queued += 1
        client.nbytes += job.nbytes
        self._jobs[job.id] = job

    def _can_run(self, client: _Client) -> bool:
        return client.queued > 0 and client.running < self.bounds.running

    def _first(self, client: _Client) -> Job:
        while True:
            job = self._jobs.get(client.waiting[0][2])
            if job is not None and job.state is State.QUEUED:
                return job
            heapq.heappop(client.waiting)

    def _leave_heap(self, client: _Client, job: Job) -> None:
        heapq.heappop(client.waiting)
        client.queued -= 1
        client.nbytes -= job.nbytes

    def _become(self, job: Job, running: int) -> Job:
        self._jobs[job.id] = job
        self._clients[job.client].running += running
        self._running += running
        return job

    def _leave(self, id: str, state: State) -> State | None:
        job = self._jobs.get(id)
        if job is None:
            return None
        if job.state is State.QUEUED:
            client = self._clients[job.client]
            client.queued -= 1
            client.nbytes -= job.nbytes
            client.waiting = [entry for entry in client.waiting if entry[2] != id]
            heapq.heapify(client.waiting)
            self._drop(job)
            return state
        self._become(replace(job, state=State.STOPPING), running=0)
        return State.STOPPING

    def _drop(self, job: Job) -> None:
        del self._jobs[job.id]
        client = self._clients[job.client]
        if not client.queued and not client.running:
            del self._clients[job.client]
