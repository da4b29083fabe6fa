"""Playing a plan through: when each task would run on a number of workers.

It is list scheduling in the order of the tasks: each starts as soon as what it reads is there and a worker is idle.
Tasks that share a GIL slow each other down: where the running tasks together want it for more than all of the time,
each gets its share.

Source: R. L. Graham, Bounds on multiprocessing timing anomalies, SIAM J. Appl. Math. 17(2), 1969.
Limits: what passes between tasks takes no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple


class Load(NamedTuple):
    """A task to be played through.

    Attributes:
        seconds: that it takes alone.
        gil_share: of these seconds, those that hold a GIL which the tasks share.
        needed: the tasks that must have ended before.
    """

    seconds: float
    gil_share: float
    needed: tuple[int, ...]


class Played(NamedTuple):
    """When a task ran in a simulation."""

    task: int
    worker: int
    start: float
    end: float


def makespan(loads: Sequence[Load], workers: int, overhead: float) -> float:
    """Seconds until the last task has ended.

    Arguments:
        loads: the tasks.
        workers: how many can run at once.
        overhead: seconds that starting a task costs.
    """
    return max([played.end for played in simulate(loads, workers, overhead)], default=0.0)


def simulate(loads: Sequence[Load], workers: int, overhead: float) -> list[Played]:
    """When each task would run, in the order in which they end.

    Arguments:
        loads: the tasks.
        workers: how many can run at once.
        overhead: seconds that starting a task costs; a plan of one task costs nothing.
    """
    return _Play(loads, workers, overhead if len(loads) > 1 else 0.0).ended()


class _Play:
    """A simulation: what is ready, what runs, and how much of each is left."""

    def __init__(self, loads: Sequence[Load], workers: int, overhead: float) -> None:
        self.loads = loads
        self.overhead = overhead
        self.left = [len(set(load.needed)) for load in loads]
        self.after: list[list[int]] = [[] for _ in loads]
        for k, load in enumerate(loads):
            for before in set(load.needed):
                self.after[before].append(k)
        self.ready = [k for k, count in enumerate(self.left) if not count]
        self.idle = list(range(workers))
        self.running: dict[int, tuple[int, float, float]] = {}  # worker -> task, start, seconds left when alone
        self.now = 0.0

    def ended(self) -> list[Played]:
        """Play until all is done."""
        done: list[Played] = []
        while self.ready or self.running:
            self._start()
            speeds = self._speeds()
            step = min([left / speeds[worker] for worker, (_, _, left) in self.running.items()])
            self.now += step
            for worker, (task, start, left) in list(self.running.items()):
                rest = left - step * speeds[worker]
                self.running[worker] = task, start, rest
                if rest <= 1e-12 * (1.0 + self.loads[task].seconds):
                    done.append(Played(task, worker, start, self.now))
                    self._end(worker, task)
        return done

    def _start(self) -> None:
        while self.ready and self.idle:
            task, worker = heappop(self.ready), heappop(self.idle)
            self.running[worker] = task, self.now, self.loads[task].seconds + self.overhead

    def _end(self, worker: int, task: int) -> None:
        del self.running[worker]
        heappush(self.idle, worker)
        for k in self.after[task]:
            self.left[k] -= 1
            if not self.left[k]:
                heappush(self.ready, k)

    def _speeds(self) -> dict[int, float]:
        """How fast each running task goes, 1 for alone."""
        shares = {worker: self.loads[task].gil_share for worker, (task, _, _) in self.running.items()}
        wanted = max(1.0, sum(shares.values()))
        return {worker: 1.0 / ((1.0 - share) + share * wanted) for worker, share in shares.items()}
