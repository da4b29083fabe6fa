"""The runs that have tasks in this worker, each with what stops them between two ops."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from ....errors import StoppedError
from ....ops.core.stopping import Stop


class Stops:
    """What stops the tasks of a run, by its name; kept as long as one of them runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: WeakValueDictionary[str, Stop] = WeakValueDictionary()

    def of(self, run: str) -> Stop:
        """What stops a run."""
        with self._lock:
            stop = self._found.get(run)
            if stop is None:
                stop = self._found[run] = Stop()
            return stop


STOPS = Stops()
"""Those of this process."""


async def stop_run(run: str) -> None:
    """Stop the tasks of a run in this process; a coroutine, as Dask waits for any other function."""
    STOPS.of(run).stop(StoppedError("the run was stopped"))
