"""Clusters are placed on virtual workers.

A cluster that is worth a task goes to the virtual worker where it can finish first, communication included; a shorter
one stays with its operands, where it waits for the fewest messages.

Source: H. Topcuoglu, S. Hariri, M.-Y. Wu, HEFT, IEEE TPDS 13(3), 2002 (upward rank, earliest finish).
Limits: many items behind one cheap operand, each too short for a task, stay with it even where together they would
be worth several.
"""

from __future__ import annotations

from heapq import heappop, heappush

from .makespan import Overhead
from .work import Work


def assign(work: Work, starts: list[float], clusters: list[list[int]], count: int, overhead: Overhead) -> list[int]:
    """The virtual worker of each item, of `count` ones.

    Arguments:
        work: the items with their seconds, and which reads which.
        starts: when each item could start at the earliest, in seconds.
        clusters: items that belong together.
        count: how many workers there are.
        overhead: seconds that a task costs.
    """
    placement = _Placement(work, starts, count, overhead)
    for cluster in clusters:
        placement.place(cluster)
    placement.place_the_rest()
    return placement.worker


class _Placement:
    """Puts clusters on workers, one after the other."""

    def __init__(self, work: Work, starts: list[float], count: int, overhead: Overhead) -> None:
        self.work = work
        self.overhead = overhead
        self.starts = starts
        self.worker = [-1] * len(work.ids)
        self.hops = [0] * len(work.ids)
        self.busy = [0.0] * count
        self.queue = [(0.0, w) for w in range(count)]
        self.waiting: dict[int, list[int]] = {}

    def place(self, cluster: list[int]) -> None:
        """Choose a worker for a cluster; a short one that reads nothing placed goes with the first that reads it."""
        seconds = sum([self.work.seconds[k] for k in cluster])
        is_short = seconds < self.overhead.task_s
        if is_short and not any([self.worker[p] >= 0 for k in cluster for p in self.work.before[k]]):
            readers = [self.worker[s] for k in cluster for s in self.work.after[k] if self.worker[s] >= 0]
            self.waiting.update(dict.fromkeys(cluster, cluster))
            if readers:
                self._settle(cluster, readers[0])
            return
        before = [p for p in self.work.before[cluster[0]] if self.worker[p] >= 0]
        is_short = is_short and bool(before)
        w = self._nearest(before) if is_short else self._soonest(cluster[0], before)
        ready = self._ready(cluster[0], before, w)
        self._settle(cluster, w)
        self.hops[cluster[0]] = self._hops(before, w)
        self._count_hops(cluster, w)
        self._load(w, self.busy[w] + seconds if is_short else max(self.busy[w], ready) + seconds)

    def place_the_rest(self) -> None:
        """Put what still waits, as nothing placed reads it, on the first worker."""
        for cluster in list(self.waiting.values()):
            self._settle(cluster, 0)

    def _settle(self, cluster: list[int], w: int) -> None:
        """Put a cluster on a worker, and with it what has waited for it."""
        stack = [cluster]
        while stack:
            for k in stack.pop():
                self.worker[k] = w
                self.waiting.pop(k, None)
                stack += [self.waiting[p] for p in self.work.before[k] if p in self.waiting]

    def _count_hops(self, cluster: list[int], w: int) -> None:
        for k in cluster[1:]:
            self.hops[k] = self._hops([p for p in self.work.before[k] if self.worker[p] >= 0], w)

    def _load(self, w: int, until: float) -> None:
        self.busy[w] = until
        heappush(self.queue, (until, w))

    def _idlest(self) -> int:
        while self.queue[0][0] != self.busy[self.queue[0][1]]:
            heappop(self.queue)
        return self.queue[0][1]

    def _hops(self, before: list[int], w: int) -> int:
        return max([self.hops[p] + (self.worker[p] != w) for p in before], default=0)

    def _near(self, before: list[int], w: int) -> int:
        return sum([self.work.nbytes[p] for p in before if self.worker[p] == w])

    def _nearest(self, before: list[int]) -> int:
        choices = sorted({self.worker[p] for p in before})
        if len(choices) == 1:
            return choices[0]
        return min(choices, key=lambda w: (self._hops(before, w), -self._near(before, w), w))

    def _ready(self, head: int, before: list[int], w: int) -> float:
        late = [self.starts[p] + self.work.seconds[p] + self._passing(p, w) for p in before]
        return max([self.starts[head], *late])

    def _passing(self, p: int, w: int) -> float:
        """Seconds that the result of an item takes to a worker."""
        return self.overhead.send(self.work.nbytes[p]) if self.worker[p] != w else 0.0

    def _soonest(self, head: int, before: list[int]) -> int:
        choices = sorted({self._idlest(), *[self.worker[p] for p in before]})
        if len(choices) == 1:
            return choices[0]
        return min(choices, key=lambda w: (max(self.busy[w], self._ready(head, before, w)), -self._near(before, w), w))
