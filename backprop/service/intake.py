"""What is done with a submission before it stands in the queue: it is read, planned, and looked up in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import BackpropError, KeyReusedError, ServiceUnavailableError, UnknownRunError
from .entries import OPEN, Entry, Name, content_hash
from .programs import Programs
from .protocol.calls import ModelFailedError
from .protocol.messages import run_from_bytes
from .runs import Active, Submission
from .storage.journal import Journal


class Prepared(NamedTuple):
    """A submission that was checked: the run, the bytes of its message, and the answer, if it is in the store."""

    active: Active
    nbytes: int
    answer: bytes | None = None


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

    def prepared(self, given: Sequence[Submission], draining: bool) -> list[Prepared | Entry | Exception]:
        """Submissions of one client, each checked and planned; or the entry of one that is known, or an error."""
        now, names = self.clock(), [each.name for each in given]
        digests = [content_hash(each.data) for each in given]
        known = self.journal.find_all(names)
        new = [d for d, each in zip(digests, given, strict=True) if each.name not in known and not each.options.fresh]
        stored = self.journal.answered_all(new, self.since)
        found: list[Prepared | Entry | Exception] = []
        for each, digest in zip(given, digests, strict=True):
            if each.name in known:
                entry = known[each.name]
                found.append(entry if entry.body == digest or not each.data else reused(each.name))
            elif not each.data:
                found.append(unknown(each.name))
            elif draining:
                found.append(stopping())
            else:
                found.append(self._new(each, digest, now, None if each.options.fresh else stored.get(digest)))
        return found

    def _new(self, given: Submission, digest: str, now: float, stored: str | None) -> Prepared | Exception:
        """A submission that is new.

        Arguments:
            given: it.
            digest: of its message.
            now: seconds since 1970.
            stored: the hash of an answer that was given to the same message.
        """
        options = given.options
        deadline = None if options.within is None else now + options.within
        entry = Entry(given.name, digest, options.priority, deadline, options.attempts, OPEN, now)
        answer = None if stored is None else self.journal.content(stored, now)
        if answer is not None:
            return Prepared(Active(entry), len(given.data), answer)
        try:
            program, values = self.programs.planned(run_from_bytes(given.data, self.programs.limits), now)
        except (BackpropError, ModelFailedError) as error:
            return error
        return Prepared(Active(entry, given.data, program.plan, values, program.is_quick), len(given.data))


def stopping() -> Exception:
    """The error of a service that takes nothing any more."""
    return ServiceUnavailableError("the service is about to stop", fix="ask again in some seconds")


def unknown(name: Name) -> Exception:
    """The error of a key that names no run."""
    return UnknownRunError(f"no run has the key {name.key[:80]}", fix="submit it first")


def reused(name: Name) -> Exception:
    """The error of a key that names another run."""
    what = f"the key {name.key[:80]} names a run of something else"
    return KeyReusedError(what, fix="choose another key; the same key is for the same run")
