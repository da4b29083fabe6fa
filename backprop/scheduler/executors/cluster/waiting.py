"""Waiting for a cluster: for its results, for a first worker, for a scheduler that was lost; never without a word."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import distributed
from distributed.worker import thread_state  # type: ignore[attr-defined]

from ....errors import NoWorkersError
from ....ops.core.stopping import check_stop, current_stop
from .membership.members import workers_of
from .recovery import LOST, scheduler_gone, was_by_chance
from .resident.calls import Answer, Call
from .resident.runner import LostError
from .runs import stop_run

SILENCE = 5.0
"""Seconds without a result after which a run says what it waits for."""

GONE = 0.5
"""Seconds after which a call of resident runners looks whether their workers are there: who asks one that was killed
for a value tries again for half a minute."""

STALLED = 30.0
"""Seconds in which no worker takes tasks, as all are paused, after which a run is given up."""

RECONNECTION = 10.0
"""Seconds that a lost scheduler has to come back."""

BACKOFF, LONGEST = 0.2, 1.6
"""Seconds, times two to the power of the runs so far, before a run is repeated; and how many at most."""

LOG = logging.getLogger("backprop.cluster")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long is waited for a cluster, and what is said meanwhile.

    Arguments:
        client: of the cluster.
        patience: seconds that a first worker has to join.
        mend: has workers started in the place of lost ones, where that can be.
        regained: whether there is a scheduler, or is one again within some seconds.
    """

    client: Any
    patience: float
    mend: Callable[[], None]
    regained: Callable[[float], bool]

    def for_results(self, futures: Sequence[Any], run: str) -> list[Any]:
        """The results of futures; where one fails, or this is interrupted, the run is stopped, and not waited for.

        Arguments:
            futures: what is waited for.
            run: the name of the run, by which its tasks are stopped.
        Errors:
            NoWorkersError: the last worker has gone, and none has come in time; or all are paused for long.
            Exception: what a task or Dask raised.
        """
        began = moving = time.monotonic()
        stop = current_stop()
        stopped = nullcontext() if stop is None else stop.calling(partial(self._stop, futures, run))
        try:
            with stopped, _seceded(), self.client.as_current():
                gathered = self._gathered(futures)
                while not concurrent.futures.wait([gathered], min(SILENCE, self.patience)).done:
                    self._say(time.monotonic() - began)
                    self.for_the_scheduler()
                    self.for_a_worker()
                    moving = self._moving(moving)
                return list(gathered.result())
        except BaseException:
            threading.Thread(target=self._stop, args=(futures, run), name="backprop-stop", daemon=True).start()
            check_stop()
            raise

    def _gathered(self, futures: Sequence[Any]) -> concurrent.futures.Future[Any]:
        """The results of futures, or the first error among them, as soon as they are there."""
        work = self.client.gather(futures, asynchronous=True)
        return asyncio.run_coroutine_threadsafe(work, self.client.loop.asyncio_loop)

    def _stop(self, futures: Sequence[Any], run: str) -> None:
        """Stop the tasks of a run: those that run before their next op, the others at once."""
        with suppress(*LOST, RuntimeError):  # lost, or closed, and the run with it
            self.client.cancel(futures, force=True)
            self.client.run(stop_run, run, wait=False, on_error="ignore")

    def for_call(self, call: Call) -> Answer:
        """What resident runners give; where that fails or is interrupted, they stop.

        Errors:
            LostError: a worker is gone, or has lost what it needs.
            NoWorkersError: all are paused for long.
            Exception: what an op raised.
        """
        began = moving = time.monotonic()
        stop = current_stop()
        stopped = nullcontext() if stop is None else stop.calling(call.stop)
        try:
            with stopped, _seceded():
                said = began
                while (answer := call.answer(GONE)) is None:
                    if not set(call.workers) <= set(self.client.nthreads()):
                        raise LostError("a worker has left")
                    if time.monotonic() - said >= SILENCE:
                        said = time.monotonic()
                        self._say(said - began)
                        moving = self._moving(moving)
                return answer
        except BaseException:
            call.stop()
            check_stop()
            raise

    def before(self, tries: int, workers: int) -> None:
        """Wait before a run: for a first worker, and longer each time where workers were lost.

        Arguments:
            tries: the number of the run, from 1.
            workers: how many there were a moment ago.
        """
        if tries > 1:
            time.sleep(min(BACKOFF * 2**tries, LONGEST))
            self.mend()
        if tries > 1 or not workers:
            self.for_a_worker()

    def for_a_worker(self) -> None:
        """Return when there is a worker, as nothing can be sent before.

        Errors:
            NoWorkersError: none has come in time.
        """
        until = time.monotonic() + self.patience
        while not self.client.nthreads():
            left = until - time.monotonic()
            if left <= 0.0:
                what = f"no worker has joined the cluster at {self.client.scheduler.address} within {self.patience:g} s"
                raise NoWorkersError(what, fix="start workers, or give the executor more patience=")
            try:
                self.client.wait_for_workers(1, timeout=min(left, SILENCE))
            except TimeoutError:
                self.mend()
            self._say(self.patience - left)

    def has_scheduler(self) -> bool:
        """Whether there is a scheduler, or is one again within a while."""
        return self.regained(RECONNECTION)

    def for_the_scheduler(self) -> None:
        """Return when there is a scheduler.

        Errors:
            SchedulerLostError: it has not come back in time.
        """
        if not self.has_scheduler():
            raise scheduler_gone()

    def was_by_chance(self, error: Exception) -> bool:
        """Whether Dask blames a task for workers of which one had announced its end.

        Arguments:
            error: what Dask raised.
        """
        if not isinstance(error, distributed.KilledWorker):
            return False
        with suppress(*LOST):
            return was_by_chance(error.task, self.client.get_events("all"))
        return False

    def while_asking(self, ask: Callable[[], None]) -> None:
        """Ask the scheduler something, again where it is lost meanwhile and comes back.

        Errors:
            SchedulerLostError: it has not come back in time.
        """
        for _ in range(2):
            self.for_the_scheduler()
            with suppress(*LOST):
                return ask()
        raise scheduler_gone()

    def _moving(self, last: float) -> float:
        """When a worker took tasks last: now, or as before, where Dask has paused all of them for want of memory.

        Arguments:
            last: when one did, as far as was known.
        Errors:
            NoWorkersError: that is too long ago.
        """
        workers = workers_of(self.client).values()
        if not workers or any(worker.get("status") != "paused" for worker in workers):
            return time.monotonic()
        if time.monotonic() - last > STALLED:
            what = f"all workers of {self.client.scheduler.address} are paused, as their memory is nearly full"
            raise NoWorkersError(what, fix="give workers more memory (memory_limit=), or use smaller chunks or shards")
        return last

    def _say(self, waited: float) -> None:
        if waited < SILENCE:
            return
        workers = workers_of(self.client)
        running = sum(1 for worker in workers.values() if worker.get("status") == "running")
        reason = "no worker is there" if not workers else f"{running} of {len(workers)} workers take tasks"
        LOG.warning("waiting for %s for %.0f s: %s", self.client.scheduler.address, waited, reason)


@contextmanager
def _seceded() -> Iterator[None]:
    """Let a worker do other work while a task of it waits for results of this cluster."""
    if not getattr(thread_state, "key", False):
        yield
        return
    distributed.secede()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        distributed.rejoin()  # type: ignore[no-untyped-call]
