"""What the journal holds of a run, and how contents are named."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

OPEN = "queued"


class Name(NamedTuple):
    """Which run: whose it is, and the idempotency key that the client gave it."""

    client: str
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A run in the journal.

    Arguments:
        name: which one.
        body: the hash of the message that asked for it.
        priority, deadline, attempts: as of the job.
        state: "queued" until it has ended, then how.
        at: when it was submitted, seconds since 1970.
        ended: when it ended.
        result: the hash of its answer.
        problem: its problem, as JSON.
    """

    name: Name
    body: str
    priority: int
    deadline: float | None
    attempts: int
    state: str
    at: float
    ended: float | None = None
    result: str | None = None
    problem: str | None = None


COLUMNS = "client, key, body, priority, deadline, attempts, state, at, ended, result, problem"


def entry_of(row: tuple[object, ...]) -> Entry:
    """The entry of a row of the columns."""
    client, key, *others = row
    return Entry(Name(str(client), str(key)), *others)  # type: ignore[arg-type]


def row_of(entry: Entry) -> tuple[object, ...]:
    """The row of an entry, by the columns."""
    first = (*entry.name, entry.body, entry.priority, entry.deadline, entry.attempts, entry.state, entry.at)
    return *first, entry.ended, entry.result, entry.problem


def content_hash(data: bytes) -> str:
    """The name of some bytes: SHA-256, in hex digits."""
    return hashlib.sha256(data).hexdigest()
