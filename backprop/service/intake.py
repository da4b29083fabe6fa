"""What is done with a submission before it stands in the queue: it is read, planned, and looked up in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import BackpropError, KeyReusedError, ServiceUnavailableError
from .entries import OPEN, Entry, Name, content_hash
from .journal import Journal
from .programs import Programs
from .protocol.calls import ModelFailedError
from .protocol.messages import run_from_bytes
from .runs import Active, Submission


class Prepared(NamedTuple):
    """A submission that was checked: what will run, or the answer that is in the store."""

    entry: Entry
    data: bytes
    active: Active | None
    stored: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """Checks and plans submissions.

    Arguments:
        journal: knows those that came before.
        programs: what can be run.
        clock: seconds since 1970.
        since: when the first answer was given that counts; the operator's code may be another one than before.
    """

    journal: Journal
    programs: Programs
    clock: Callable[[], float]
    since: float

    def prepared(self, given: Submission, draining: bool) -> Prepared | Entry | Exception:
        """A submission, checked and planned; the entry of one that is known; or why it is not taken."""
        digest, now = content_hash(given.data), self.clock()
        known = self.journal.find(given.name)
        if known is not None:
            return known if known.body == digest else reused(given.name)
        if draining:
            return ServiceUnavailableError("the service is about to stop", fix="ask again in some seconds")
        options = given.options
        deadline = None if options.within is None else now + options.within
        entry = Entry(given.name, digest, options.priority, deadline, options.attempts, OPEN, now)
        stored = None if options.fresh else self._stored(entry)
        if stored is not None:
            return Prepared(entry, given.data, None, stored)
        try:
            plan, values = self.programs.planned(run_from_bytes(given.data, self.programs.limits), now)
        except (BackpropError, ModelFailedError) as error:
            return error
        return Prepared(entry, given.data, Active(given.name, digest, plan, values), b"")

    def _stored(self, entry: Entry) -> bytes | None:
        """The answer to a message that was answered before; None for a new one."""
        digest = self.journal.answered(entry.body, self.since)
        return None if digest is None else self.journal.content(digest, entry.at)


def reused(name: Name) -> Exception:
    """The error of a key that names another run."""
    what = f"the key {name.key[:80]} names a run of something else"
    return KeyReusedError(what, fix="choose another key; the same key is for the same run")
