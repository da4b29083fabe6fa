"""The queue, checked against a model: any order of submissions, starts, ends, cancellations and deadlines."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backprop.service.queue import PATIENCE, Bounds, Job, Queue, Rejected, State

CLIENTS = ["ada", "ben", "cyd"]
BOUNDS = Bounds(slots=3, running=2, queued=4, nbytes=100, weights={"ada": 2.0})


class Model(RuleBasedStateMachine):
    """Where each job is, kept beside the queue in the plainest way."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue(BOUNDS)
        self.now = 0.0
        self.count = 0
        self.waiting: dict[str, Job] = {}
        self.running: dict[str, Job] = {}
        self.stopping: dict[str, Job] = {}
        self.ended: list[str] = []

    def of(self, jobs: dict[str, Job], client: str) -> list[Job]:
        return [job for job in jobs.values() if job.client == client]

    @rule(
        client=st.sampled_from(CLIENTS),
        priority=st.integers(-2, 2),
        nbytes=st.integers(0, 60),
        wait=st.none() | st.floats(0.0, 5.0),
        attempts=st.integers(1, 3),
    )
    def submit(self, client: str, priority: int, nbytes: int, wait: float | None, attempts: int) -> None:
        self.count += 1
        deadline = None if wait is None else self.now + wait
        job = Job(f"j{self.count}", client, priority, deadline, 1.0, nbytes, attempts, at=self.now)
        mine = self.of(self.waiting, client)
        full = len(mine) >= BOUNDS.queued or sum(j.nbytes for j in mine) + nbytes > BOUNDS.nbytes
        answer = self.queue.submit(job, self.now)
        assert isinstance(answer, Rejected) == full
        if answer is None:
            self.waiting[job.id] = job
        else:
            assert 1.0 <= answer.retry_after <= 60.0

    @rule()
    def start(self) -> None:
        ready = [
            job
            for job in self.waiting.values()
            if len(self.of(self.running, job.client)) + len(self.of(self.stopping, job.client)) < BOUNDS.running
        ]
        possible = ready and len(self.running) + len(self.stopping) < BOUNDS.slots
        job = self.queue.start(self.now)
        assert (job is not None) == bool(possible)
        if job is not None:
            was = self.waiting.pop(job.id)
            mine = [(other.at - PATIENCE * other.priority) for other in self.of(self.waiting, job.client)]
            assert all(was.at - PATIENCE * was.priority <= key for key in mine)
            self.running[job.id] = job

    @precondition(lambda self: self.running or self.stopping)
    @rule(data=st.data(), failed=st.booleans())
    def end(self, data: Any, failed: bool) -> None:
        id = data.draw(st.sampled_from(sorted({**self.running, **self.stopping})))
        state = self.queue.end(id, failed)
        if id in self.stopping:
            del self.stopping[id]
            assert state is State.CANCELLED
        else:
            job = self.running.pop(id)
            again = failed and job.attempts > 0
            assert state is (State.QUEUED if again else State.FAILED if failed else State.DONE)
            if again:
                self.waiting[id] = job
                return
        self.ended.append(id)

    @precondition(lambda self: self.count)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        id = f"j{data.draw(st.integers(1, self.count))}"
        state = self.queue.cancel(id)
        if id in self.waiting:
            assert state is State.CANCELLED
            del self.waiting[id]
            self.ended.append(id)
        elif id in self.running or id in self.stopping:
            assert state is State.STOPPING
            self.stopping[id] = self.running.pop(id, None) or self.stopping[id]
        else:
            assert state is None

    @rule(seconds=st.floats(0.0, 3.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        open_ = {**self.waiting, **self.running}
        late = {id for id, job in open_.items() if job.deadline is not None and job.deadline <= self.now}
        assert set(self.queue.expire(self.now)) == late
        assert self.queue.expire(self.now) == []
        for id in late:
            if id in self.waiting:
                del self.waiting[id]
                self.ended.append(id)
            else:
                self.stopping[id] = self.running.pop(id)

    @invariant()
    def the_queue_is_the_model(self) -> None:
        assert len(self.queue) == len(self.waiting) + len(self.running) + len(self.stopping)
        assert self.queue.running == len(self.running) + len(self.stopping)
        for id in self.ended:
            assert id not in self.queue
        for state, jobs in ((State.QUEUED, self.waiting), (State.RUNNING, self.running)):
            assert all(self.queue.state(id) is state for id in jobs)
        assert self.queue.by_client().keys() == {
            job.client for job in [*self.waiting.values(), *self.running.values(), *self.stopping.values()]
        }


TestQueue = Model.TestCase


def served(queue: Queue, count: int) -> list[str]:
    """The clients of the next jobs, each of which ends at once."""
    found = []
    for _ in range(count):
        job = queue.start(0.0)
        assert job is not None
        queue.end(job.id)
        found.append(job.client)
    return found


def filled(queue: Queue, client: str, count: int, **options: Any) -> None:
    for k in range(count):
        assert queue.submit(Job(f"{client}{k}", client, **options), 0.0) is None


def test_shares_are_by_weight() -> None:
    queue = Queue(Bounds(slots=1, weights={"ada": 3.0}))
    filled(queue, "ada", 400, seconds=1.0)
    filled(queue, "ben", 400, seconds=1.0)
    first = served(queue, 400)
    assert 298 <= first.count("ada") <= 302


def test_shares_are_of_seconds_and_not_of_jobs() -> None:
    queue = Queue(Bounds(slots=1))
    filled(queue, "ada", 100, seconds=4.0)
    filled(queue, "ben", 400, seconds=1.0)
    first = served(queue, 250)
    assert 48 <= first.count("ada") <= 52


def test_one_small_job_beside_ten_thousand_is_next() -> None:
    queue = Queue(Bounds(slots=2))
    filled(queue, "ada", 10_000, seconds=1.0)
    running = [queue.start(0.0), queue.start(0.0)]
    filled(queue, "ben", 1, seconds=0.001)
    assert running[0] is not None
    queue.end(running[0].id)
    following = queue.start(1.0)
    assert following is not None
    assert following.client == "ben"


def test_nobody_saves_up_turns() -> None:
    queue = Queue(Bounds(slots=1))
    filled(queue, "ada", 300, seconds=1.0)
    served(queue, 100)
    filled(queue, "ben", 100, seconds=1.0)
    assert 49 <= served(queue, 100).count("ben") <= 51


def test_a_job_of_low_priority_is_served_at_last() -> None:
    queue = Queue(Bounds(slots=1))
    assert queue.submit(Job("old", "ada", priority=-5), 0.0) is None
    now = 0.0
    for k in range(10_000):
        now += 1.0
        assert queue.submit(Job(f"new{k}", "ada", priority=5), now) is None
        job = queue.start(now)
        assert job is not None
        queue.end(job.id)
        if job.id == "old":
            break
    assert now <= 10 * PATIENCE + 2


def test_a_job_twice() -> None:
    queue = Queue(Bounds())
    filled(queue, "ada", 1)
    with pytest.raises(KeyError):
        queue.submit(Job("ada0", "ada"), 0.0)
