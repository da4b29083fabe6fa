"""The runs that have tasks in this worker: what stops each between two ops, and how many of its tasks are done."""

from __future__ import annotations

import threading
from collections import OrderedDict
from weakref import WeakValueDictionary

from ....errors import StoppedError
from ....ops.core.stopping import Stop
from ...lower import new_token

REMEMBERED = 64
"""Runs whose tasks are counted at a time."""


class Stops:
    """What stops the tasks of a run, by its name; kept as long as one of them runs."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._found: WeakValueDictionary[str, Stop] = WeakValueDictionary()

    def of(self, run: str) -> Stop:
        """What stops a run."""
        new = Stop()
        with self._lock:
            return self._found.setdefault(run, new)


class Done:
    """How many tasks of the last runs are done; any thread may count and ask."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def add(self, run: str) -> None:
        """A task of a run is done."""
        with self._lock:
            self._counts[run] = self._counts.pop(run, 0) + 1
            while len(self._counts) > REMEMBERED:
                self._counts.popitem(last=False)

    def of(self, run: str) -> int:
        """How many tasks of a run are done."""
        with self._lock:
            return self._counts.get(run, 0)


STOPS, DONE, PROCESS = Stops(), Done(), new_token()
"""Those of this process, and a name for it, as several workers may share one."""


async def stop_run(run: str) -> None:
    """Stop the tasks of a run in this process; a coroutine, as Dask waits for any other function."""
    STOPS.of(run).stop(StoppedError("the run was stopped"))


async def done_of(run: str) -> tuple[str, int]:
    """A name of this process, and how many tasks of a run are done in it."""
    return PROCESS, DONE.of(run)
