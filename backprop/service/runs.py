"""A run while it waits and runs, what its client says of it, and how it runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from ..errors import DamagedDataError
from ..graph.wire.values import values_to_bytes
from ..ops.core.stopping import Stop, check_stop, stoppable
from ..scheduler.events import Recorder
from ..scheduler.executors.base import AbstractExecutor
from ..scheduler.executors.cluster.executor import Cluster
from ..scheduler.executors.serial import Serial
from ..scheduler.planning.plan import Plan
from .copies.race import Policy
from .copies.racing import Racing
from .entries import Entry, Name, content_hash
from .losses import repeated
from .programs import Programs
from .protocol.messages import run_from_bytes
from .protocol.problems import problem_of
from .queue import Job, State
from .storage.journal import Journal


@dataclass(frozen=True, slots=True)
class Options:
    """What a client says of a run.

    Arguments:
        priority: a larger one comes first, among the client's own.
        within: seconds from now, after which it is of no use; None for never.
        attempts: how often it may be tried, where it raises.
        fresh: whether it is to run, even where the same message was answered before.
    """

    priority: int = 0
    within: float | None = None
    attempts: int = 1
    fresh: bool = False


class Submission(NamedTuple):
    """What a client submits: which run, its message, and what it says of it."""

    name: Name
    data: bytes
    options: Options


class Ended(NamedTuple):
    """How a run has ended: its entry in the journal, and the bytes of its answer, if it has one."""

    entry: Entry
    data: bytes | None = None


Taken: TypeAlias = Future[Ended] | Exception
"""What comes of a submission: how its run will end, or why it was not taken."""


def over(entry: Entry) -> Future[Ended]:
    """The future of a run that has ended."""
    found: Future[Ended] = Future()
    found.set_result(Ended(entry))
    return found


@dataclass(slots=True, eq=False)
class Active:
    """A run that waits or runs.

    Arguments:
        entry: as it was taken in.
        data: its message, until the journal has it.
        plan: what runs; None where that has to be read from the journal.
        values: of the plan's inputs.
        is_quick: whether it surely takes little time, as it is predicted to and runs no code of the operator's.
        answer: is given how it has ended; whoever waits for it can't cancel it.
        recorder: sees its tasks.
        stop: ends it before its next op.
    """

    entry: Entry
    data: bytes = b""
    plan: Plan | None = None
    values: Sequence[Any] = ()
    is_quick: bool = False
    answer: Future[Ended] = field(default_factory=Future)
    recorder: Recorder = field(default_factory=Recorder)
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        self.answer.set_running_or_notify_cancel()

    @property
    def name(self) -> Name:
        """Which one."""
        return self.entry.name


class Ending(NamedTuple):
    """How a run ends, before that is written down.

    Attributes:
        active: the run.
        state: what it is from now on.
        at: when it ended, seconds since 1970.
        result: the bytes of its answer.
        problem: why it has none.
    """

    active: Active
    state: State
    at: float
    result: bytes | None = None
    problem: Exception | None = None

    def entry(self) -> Entry:
        """What the journal is told."""
        told = None if self.problem is None else json.dumps(problem_of(self.problem))
        digest = None if self.result is None else content_hash(self.result)
        return replace(self.active.entry, state=self.state.value, ended=self.at, result=digest, problem=told)


class Runner:
    """Runs what was asked for.

    Arguments:
        journal: has the messages of what was asked for before a restart.
        programs: what can be run.
        executor: where.
        policy: when runs on a cluster get other copies.
    """

    def __init__(self, journal: Journal, programs: Programs, executor: AbstractExecutor, policy: Policy) -> None:
        self._journal, self._programs, self._executor = journal, programs, executor
        self._racing = Racing(policy)
        self._here = Serial()

    def run(self, active: Active, now: float) -> bytes:
        """The message of the results of a run.

        Errors:
            Exception: what it raised, or what it was stopped with.
        """
        plan = active.plan or self._read(active, now)
        executor = self._executor_of(active, plan).recording(active.recorder)
        with stoppable(active.stop):
            check_stop()
            if isinstance(executor, Cluster):
                return values_to_bytes(self._on_cluster(executor, plan, active))
            return values_to_bytes(executor.run(plan, active.values))

    def _on_cluster(self, executor: Cluster, plan: Plan, active: Active) -> tuple[Any, ...]:
        def run() -> tuple[Any, ...]:
            return self._racing.run(executor, plan, active.values, active.entry.body)

        return repeated(run, lambda: executor.has_workers)

    def _read(self, active: Active, now: float) -> Plan:
        data = self._journal.content(active.entry.body, now)
        if data is None:
            raise DamagedDataError("the journal has lost what was to be run", fix="submit it again")
        program, active.values = self._programs.planned(run_from_bytes(data, self._programs.limits), now)
        active.plan = program.plan
        return active.plan

    def _executor_of(self, active: Active, plan: Plan) -> AbstractExecutor:
        """The executor, or this thread for what takes less time than reaching another one does; bits are equal."""
        is_near = not self._executor.shares_gil and plan.work < self._executor.overhead
        return self._here if active.is_quick or is_near else self._executor


def id_of(name: Name) -> str:
    """The name of a run in the queue."""
    return f"{name.client}/{name.key}"


def job_of(entry: Entry, seconds: float, nbytes: int) -> Job:
    """What the queue knows of a run.

    Arguments:
        entry: of the journal.
        seconds: that it is predicted to take.
        nbytes: of its values.
    """
    options = (entry.priority, entry.deadline, seconds, nbytes, entry.attempts)
    return Job(id_of(entry.name), entry.name.client, *options, at=entry.at)
