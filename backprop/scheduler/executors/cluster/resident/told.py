"""What each resident runner has been told: parts and arrays, as far as it may still have them."""

from __future__ import annotations

import threading
from collections import OrderedDict

from .runner import LIMIT

REMEMBERED = 10_000
"""Digests of arrays that have been seen."""


class Told:
    """What runners know, in the order in which it was last used; any thread may ask.

    A runner forgets what it has not used for long, and so does this; where the two part, the runner says so.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._told: dict[str, OrderedDict[str, int]] = {}  # by worker and name: bytes
        self._seen: OrderedDict[str, str] = OrderedDict()  # by digest: the first run that had it

    def has(self, address: str, name: str) -> bool:
        """Whether a runner knows something by a name."""
        with self._lock:
            told = self._told.get(address, OrderedDict())
            nbytes = told.pop(name, None)
            if nbytes is not None:
                told[name] = nbytes  # the newest
            return nbytes is not None

    def tell(self, address: str, name: str, nbytes: int) -> None:
        """A runner is told something.

        Arguments:
            address: of the worker.
            name: under which it keeps that.
            nbytes: of it.
        """
        with self._lock:
            told = self._told.setdefault(address, OrderedDict())
            told[name] = nbytes
            while sum(told.values()) > LIMIT and len(told) > 1:
                told.popitem(last=False)

    def was_seen(self, digest: str, token: str) -> bool:
        """Whether an earlier run had an array, too.

        Arguments:
            digest: of the array.
            token: of the run that has it now.
        """
        with self._lock:
            first = self._seen[digest] = self._seen.pop(digest, token)
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return first != token

    def forget(self, address: str) -> None:
        """A runner may have forgotten everything."""
        with self._lock:
            self._told.pop(address, None)

    def forget_all(self) -> None:
        """So may all."""
        with self._lock:
            self._told.clear()
