"""A run while it waits and runs, and what its client says of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ..scheduler.events import Recorder
from ..scheduler.planning.plan import Plan
from .entries import Entry, Name
from .queue import Job


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


@dataclass(slots=True, eq=False)
class Active:
    """A run that waits or runs.

    Arguments:
        name: which one.
        body: the hash of its message.
        plan: what runs; None where that has to be read from the journal.
        values: of the plan's inputs.
        answer: is given its entry in the journal when it has ended; whoever waits for it can't cancel it.
        recorder: sees its tasks.
    """

    name: Name
    body: str
    plan: Plan | None
    values: Sequence[Any]
    answer: Future[Entry] = field(default_factory=Future)
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.answer.set_running_or_notify_cancel()


def id_of(name: Name) -> str:
    """The name of a run in the queue."""
    return f"{name.client}/{name.key}"


def job_of(entry: Entry, seconds: float, nbytes: int) -> Job:
    """What the queue knows of a run."""
    options = (entry.priority, entry.deadline, seconds, nbytes, entry.attempts)
    return Job(id_of(entry.name), entry.name.client, *options, at=entry.at)
