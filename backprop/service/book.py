"""The book: what is to be written into the journal, together, and who is told when that is done.

A transaction costs more than a small run. So runs that were taken in and ends of runs wait here for a few milliseconds
at most; a run that has ended by then is written down once, with its answer. Nobody is told of either before. The
desk's lock is held around each call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from .entries import Entry
from .runs import Active, Ended, Ending, Taken
from .storage.journal import Journal

LOG = logging.getLogger("backprop.service")


class Written(NamedTuple):
    """What came of writing the book: the runs that have ended, with their entries, and those that were not taken."""

    ended: list[tuple[Ending, Entry]]
    lost: list[Active]


class Book:
    """What is not in the journal yet.

    Arguments:
        journal: where it is written down.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._taken: dict[int, Active] = {}
        self._endings: list[Ending] = []
        self._promises: list[tuple[Future[list[Taken]], list[Taken]]] = []

    def __len__(self) -> int:
        return len(self._taken) + len(self._endings)

    def take(self, active: Active) -> None:
        """Write down that a run was taken in."""
        self._taken[id(active)] = active

    def end(self, ending: Ending) -> None:
        """Write down how a run has ended."""
        self._taken.pop(id(ending.active), None)
        self._endings.append(ending)

    def promise(self, future: Future[list[Taken]], taken: list[Taken]) -> None:
        """Give a future its result when all that has come so far is written."""
        self._promises.append((future, taken))

    def write(self) -> Written:
        """Write all of it down, and keep the promises.

        Where the journal cannot be written, nothing is; those who wait are told why.
        """
        taken, endings, promises = list(self._taken.values()), self._endings, self._promises
        self._taken, self._endings, self._promises = {}, [], []
        entries = [ending.entry() for ending in endings]
        try:
            if taken or endings:
                self._record(taken, endings, entries)
        except Exception as error:
            LOG.exception("the journal cannot be written")
            for answer in [*(each.answer for each in taken), *(each.active.answer for each in endings)]:
                answer.set_exception(error)
            for promise, _ in promises:
                promise.set_exception(error)
            return Written([], taken)
        for ending, entry in zip(endings, entries, strict=True):
            ending.active.answer.set_result(Ended(entry, ending.result))
        for promise, found in promises:
            promise.set_result(found)
        return Written(list(zip(endings, entries, strict=True)), [])

    def _record(self, taken: Sequence[Active], endings: Sequence[Ending], entries: Sequence[Entry]) -> None:
        ended = [(entry, ending.result) for ending, entry in zip(endings, entries, strict=True)]
        self._journal.record([(active.entry, active.data) for active in taken], ended)
        for active in taken:
            active.data = b""  # the journal has it
