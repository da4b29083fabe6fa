"""On which worker values lie, asked of the scheduler once for each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .....graph.handle import Handle
from .homes import ClientHome

REMEMBERED = 10_000
"""Keys of which it is remembered where they lie."""

HEAVY = 1 << 17
"""Bytes of a value from which a task goes where it is."""


class NowhereError(Exception):
    """A value lies nowhere any more."""


class Places:
    """Where values lie.

    Arguments:
        client: of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.RLock()
        self._places: OrderedDict[Any, str] = OrderedDict()

    def held(self, values: Sequence[Any], least: int = 0) -> dict[int, str]:
        """The worker of each value that lies on one; the same for the same values, though copies may be elsewhere too.

        Arguments:
            values: values and handles.
            least: bytes from which a value counts.
        Errors:
            NowhereError: a worker is gone, and what lay there has no copy.
        """
        futures = {k: value.key for k, value in enumerate(values) if _lies(value) and value.nbytes >= least}
        with self._lock:
            known = {f.key: place for f in futures.values() if (place := self._places.get(f.key)) is not None}
        unknown = {f.key: f for f in futures.values() if f.key not in known}
        if unknown:
            found = self._client.who_has(list(unknown.values()))
            known.update({key: min(found[key]) for key in unknown if found.get(key)})
        self._remember(known)
        lost = [key for key in unknown if key not in known]
        if lost:
            raise NowhereError(f"nobody has {lost[0]}")
        return {k: known[future.key] for k, future in futures.items()}

    def forget(self) -> None:
        """Ask anew, as a worker was lost."""
        with self._lock:
            self._places.clear()

    def _remember(self, known: Mapping[Any, str]) -> None:
        with self._lock:
            self._places.update(known)
            with suppress(KeyError):  # all was forgotten meanwhile, by the end of something that the collector found
                while len(self._places) > REMEMBERED:
                    self._places.popitem(last=False)

    def heavy(self, values: Sequence[Any]) -> dict[int, str]:
        """The worker of each large value; none where they all lie on one, or where one is lost or still to be made."""
        try:
            held = self.held(values, HEAVY)
        except NowhereError:  # Dask makes it again, or says so
            return {}
        return held if len(set(held.values())) > 1 else {}


def _lies(value: Any) -> bool:
    return isinstance(value, Handle) and isinstance(value.home, ClientHome)
