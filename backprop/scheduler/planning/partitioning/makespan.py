"""The groups of items as a graph of their own, and the seconds that they are predicted to take on a number of workers.

The prediction is list scheduling in topological order: each group starts as soon as a worker is idle and what it reads
is there, one value after the other.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heapify, heappop, heappush

from .work import Work

NEGLIGIBLE = 0.01
"""The share of the whole below which nobody notices that a group is waited for."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """What tasks cost beyond their work: seconds for each, and for each byte handed on."""

    task_s: float
    byte_s: float

    def send(self, nbytes: int) -> float:
        """Seconds until a value is where another task needs it."""
        return self.task_s + nbytes * self.byte_s


@dataclass(slots=True)
class Quotient:
    """The groups as a graph of their own, in topological order.

    Arguments:
        groups: the items of each.
        seconds: of each.
        before: for each, the groups that it reads, with the bytes.
    """

    groups: list[list[int]]
    seconds: list[float]
    before: list[dict[int, int]]

    def nbytes(self) -> int:
        """Bytes that groups hand on to each other."""
        return sum([sum(read.values()) for read in self.before])

    def waiting(self) -> int:
        """How many groups wait for work of others, as far as anybody would notice."""
        noticed = NEGLIGIBLE * sum(self.seconds)
        return sum([any([self.seconds[p] > noticed for p in needed]) for needed in self.before])

    def levels(self) -> list[int]:
        """For each group, the length of the longest way to it."""
        levels: list[int] = []
        for read in self.before:
            levels.append(max([levels[p] + 1 for p in read], default=0))
        return levels

    def shortest(self, without: Container[int], count: int) -> list[int]:
        """The shortest groups, but for those whose first item is in `without`."""
        wanted = [n for n, group in enumerate(self.groups) if group[0] not in without]
        return sorted(wanted, key=lambda n: self.seconds[n])[:count]

    def partners(self, g: int) -> list[int]:
        """The groups that can join one without a cycle: no second way leads from the one to the other."""
        levels = self.levels()
        linked = [p for p in self.before[g] if levels[p] == levels[g] - 1]
        linked += [n for n, read in enumerate(self.before) if g in read and levels[n] == levels[g] + 1]
        return linked + [n for n, level in enumerate(levels) if level == levels[g] and n != g]

    def joined(self, g: int, other: int) -> Quotient:
        """The groups after two of them have become one."""
        one, gone = min(g, other), max(g, other)
        left = [n for n in range(len(self.groups)) if n != gone]
        reads: dict[int, dict[int, int]] = {n: {} for n in left}
        for n, read in enumerate(self.before):
            into = reads[one if n == gone else n]
            for q, nbytes in read.items():
                q = one if q == gone else q
                into[q] = into.get(q, 0) + nbytes
        reads[one].pop(one, None)
        items, seconds = list(self.groups), list(self.seconds)
        items[one], seconds[one] = items[one] + items[gone], seconds[one] + seconds[gone]
        order = list(TopologicalSorter(reads).static_order())
        number = {n: k for k, n in enumerate(order)}
        before = [{number[q]: nbytes for q, nbytes in reads[n].items()} for n in order]
        return Quotient([items[n] for n in order], [seconds[n] for n in order], before)


def quotient_of(work: Work, groups: list[list[int]]) -> Quotient:
    """Groups of items, in topological order, as a graph of their own."""
    return Quotient(groups, [sum([work.seconds[k] for k in group]) for group in groups], _edges(work, groups))


def makespan(quotient: Quotient, workers: int, overhead: Overhead) -> float:
    """The predicted seconds of a run: each group starts as soon as it is ready and a worker is idle.

    Arguments:
        quotient: the groups, in topological order, with what each reads of others.
        workers: how many groups run at once.
        overhead: what starting a task and moving a byte cost.
    """
    idle = [0.0] * workers
    heapify(idle)
    ends: list[float] = []
    for seconds, needed in zip(quotient.seconds, quotient.before, strict=True):
        ready = max([ends[p] for p in needed], default=0.0) + sum(needed.values()) * overhead.byte_s
        ends.append(max(ready, heappop(idle)) + overhead.task_s + seconds)
        heappush(idle, ends[-1])
    return max(ends, default=0.0)


def _edges(work: Work, groups: Sequence[Sequence[int]]) -> list[dict[int, int]]:
    home = [0] * len(work.ids)
    for g, group in enumerate(groups):
        for k in group:
            home[k] = g
    edges: list[dict[int, int]] = [{} for _ in groups]
    for k, before in enumerate(work.before):
        for p in before:
            if home[p] != home[k]:
                edges[home[k]][home[p]] = edges[home[k]].get(home[p], 0) + work.nbytes[p]
    return edges
