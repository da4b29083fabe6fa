"""What becomes of a run whose cluster is lost: it waits, and runs again, which equal bits make harmless.

A scheduler that is gone says nothing about the run, nor does a cluster without workers; so it waits until there is one
again, it is cancelled, its deadline comes, or the service ends. Workers that end one after the other may do so because
of the run, and so it is tried a few times only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from ..errors import NoWorkersError, SchedulerLostError, WorkerLostError
from ..ops.core.stopping import check_stop, current_stop

LOG = logging.getLogger("backprop.service")
T = TypeVar("T")

MOST = 4
"""Times that a run is repeated, at most, where workers ended with it."""

FIRST, LONGEST = 0.2, 10.0
"""Seconds before a run is repeated: the first time, doubled each time, and at most."""


@dataclass(slots=True)
class Losses:
    """What a run has lost so far.

    Arguments:
        count: how often its cluster was lost.
        blamed: how often that may have been because of the run.
    """

    count: int = 0
    blamed: int = 0

    def pause(self, error: Exception, has_workers: bool) -> float | None:
        """Seconds to wait before the run is repeated; None where its error is to be raised.

        Arguments:
            error: what the run raised.
            has_workers: whether there is a scheduler with workers now.
        """
        if not isinstance(error, WorkerLostError | NoWorkersError) or hasattr(error, "__notes__"):  # an op's own
            return None
        is_innocent = isinstance(error, SchedulerLostError) or (isinstance(error, NoWorkersError) and not has_workers)
        self.count += 1
        self.blamed += not is_innocent
        return None if self.blamed > MOST else min(FIRST * 2.0 ** min(self.count - 1, 10), LONGEST)


def repeated(run: Callable[[], T], has_workers: Callable[[], bool]) -> T:
    """What a run gives, which is repeated where its cluster is lost.

    Arguments:
        run: does it.
        has_workers: whether there is a scheduler with workers now.
    Errors:
        WorkerLostError: workers end with it again and again. Exception: what the run raised, or was stopped with.
    """
    losses = Losses()
    while True:
        try:
            return run()
        except Exception as error:
            pause = losses.pause(error, has_workers())
            if pause is None:
                raise
            LOG.warning("a run lost its cluster (%s), and is repeated after %.1f s", error, pause)
        _wait(pause)


def _wait(seconds: float) -> None:
    """Wait, but not longer than the run may go on."""
    stop, woken = current_stop(), threading.Event()
    with nullcontext() if stop is None else stop.calling(woken.set):
        woken.wait(seconds)
    check_stop()
