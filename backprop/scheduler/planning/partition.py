"""Graph -> convex groups of nodes, each worth one task.

The steps, over plain lists of ints:

1. *Prices.* Views, literals and other nodes without operands are recomputed by every task that reads them, and dead
   nodes are dropped; what is left has a cost. Where the whole is not worth two tasks, or mostly holds a GIL that tasks
   share, it stays whole. Else it becomes `Work` items with edges.
2. *Runs.* Where branches stand next to each other, a run of the order is a virtual worker (segments.py); steps 3 and 4
   are for graphs whose branches are woven together.
3. *Paths.* Linear clustering: an item and its heaviest successor (by upward rank) join where each is the other's
   first choice. A branch, forward and back, is a path with a few items hanging on to it.
4. *Workers.* A path worth a task goes to the virtual worker where it can finish first, communication included; a
   lighter one stays with its operands, where it waits for the fewest messages.
5. *Cuts.* Let `hops_in` be the messages between workers on the way to an item, and `hops_out` those behind it, at
   most. A group is all that shares worker, hops_in and hops_out. Along an edge hops_in never falls and hops_out never
   rises, and between two workers hops_in rises; so groups have no cycle.
6. *Coarsening.* Light groups join others, where that makes no cycle, until there are at most four for each worker.
7. *Gate.* The groups are played through on the real number of workers, and dropped for a single one where the
   predicted speed-up is below 1.2 or the whole is not worth two tasks.

It depends on the graph, the number of workers and the overhead only, and takes time near linear in the nodes.

Sources: S. J. Kim, J. C. Browne, A general approach to mapping of parallel computations upon multiprocessor
architectures, ICPP 1988 (linear clustering); H. Topcuoglu, S. Hariri, M.-Y. Wu, HEFT, IEEE TPDS 13(3), 2002 (upward
rank, earliest finish).
Limits: many items behind one cheap operand, each too light for a task, stay with it even where together they would
be worth several.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import TypeAlias

from ...graph.graph import Graph, NodeId
from ...graph.passes.dead_code import live
from ..machine.cost import Cost, Machine, costs, free_nodes
from .host_pinned import Groups, local_apart
from .segments import segments

SPEED_UP = 1.2
"""The predicted speed-up below which a graph stays in one task."""

WORTH_IT = 1e-3
"""Seconds of work below which a graph stays in one task."""

LANES_A_WORKER = (4, 2, 1)
"""The numbers of virtual workers that are tried, for each real one."""

GOOD_ENOUGH = 1.05
"""Predicted times that are nearer to each other count as equal."""

MOST_TASKS = 4
"""Tasks for each real worker, at most."""

TRIED = 4
"""Light groups, at most, for which a partner is looked for where there are too many groups."""

EARLY = 0.3
"""The end of what counts as ready at once, in tasks."""

MOST_GROUPS = 32
"""Groups for each real worker above which fewer virtual workers are tried, as joining takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be scheduled: item k is the node `ids[k]`; items are in topological order.

    Arguments:
        ids: the node of each item.
        seconds: of each item.
        nbytes: of each item's result.
        before: the items that each item reads, through views.
        after: the items that read each item.
    """

    ids: list[NodeId]
    seconds: list[float]
    nbytes: list[int]
    before: list[tuple[int, ...]]
    after: list[list[int]]


@dataclass(frozen=True, slots=True)
class Fee:
    """What tasks cost beyond their work: seconds for each, and for each byte handed on."""

    task_s: float
    byte_s: float

    def send(self, nbytes: int) -> float:
        """Seconds until a value is where another task needs it."""
        return self.task_s + nbytes * self.byte_s


def partition(
    graph: Graph, workers: int, overhead: float, machine: Machine | None = None, shares_gil: bool = False
) -> Groups:
    """The groups of a graph.

    Arguments:
        graph: the graph.
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs; what takes less is no task of its own.
        machine: the rates that costs are estimated with.
        shares_gil: whether all tasks run in one process.
    Returns:
        groups of node ids in topological order, ids ascending in each; views, literals and dead nodes are in none. One
        group where more would not pay; local nodes in groups of their own.
    """
    machine = machine or Machine()
    prices = priced(graph, machine)
    if not pays(prices, workers, overhead, shares_gil):
        whole = tuple([i for i, price in enumerate(prices) if price is not None])
        return local_apart(graph, (whole,) if whole else ())
    work = compact(graph, prices)
    groups = split(work, workers, Fee(overhead, 1.0 / machine.link_bytes_per_s))
    return local_apart(graph, tuple(tuple([work.ids[k] for k in group]) for group in groups))


# Step 1: what is to be scheduled.


Prices: TypeAlias = list[Cost | None]


def priced(graph: Graph, machine: Machine) -> Prices:
    """For each id what it costs; None for inputs, dead nodes and what each task recomputes."""
    first, alive, free = graph.first, live(graph), free_nodes(graph)
    found = enumerate(costs(graph, machine), first)
    return [*[None] * first, *[price if alive[i] and not free[i] else None for i, price in found]]


def pays(prices: Prices, workers: int, overhead: float, shares_gil: bool) -> bool:
    """Whether more than one task could pay at all (Amdahl's law)."""
    total = sum([price.seconds for price in prices if price is not None])
    if workers < 2 or total < max(WORTH_IT, 2 * overhead):
        return False
    return not shares_gil or sum([price.gil_s for price in prices if price is not None]) * SPEED_UP < total


def compact(graph: Graph, prices: Prices) -> Work:
    """The items of a graph, with their costs and edges."""
    work = Work([], [], [], [], [])
    sources: list[tuple[int, ...]] = [()] * graph.first
    for i, node in enumerate(graph.nodes, graph.first):
        read = _union([sources[j] for j in node.inputs])
        price = prices[i]
        if price is None:
            sources.append(read)
            continue
        sources.append((len(work.ids),))
        _append(work, i, price.seconds, price.nbytes, read)
    return work


def _union(parts: list[tuple[int, ...]]) -> tuple[int, ...]:
    return parts[0] if len(parts) == 1 else tuple(dict.fromkeys([k for part in parts for k in part]))


def _append(work: Work, i: NodeId, seconds: float, nbytes: int, read: tuple[int, ...]) -> None:
    for k in read:
        work.after[k].append(len(work.ids))
    work.ids.append(i)
    work.seconds.append(seconds)
    work.nbytes.append(nbytes)
    work.before.append(read)
    work.after.append([])


# Step 3: paths.


def upward_ranks(work: Work) -> list[float]:
    """Seconds from the start of each item to the end of the longest way from it."""
    ranks = list(work.seconds)
    for k in range(len(ranks) - 1, -1, -1):
        if work.after[k]:
            ranks[k] += max([ranks[s] for s in work.after[k]])
    return ranks


def start_times(work: Work) -> list[float]:
    """Seconds from the start until each item can start, with a worker for each."""
    starts: list[float] = []
    for before in work.before:
        latest = 0.0
        for p in before:
            latest = max(latest, starts[p] + work.seconds[p])
        starts.append(latest)
    return starts


def paths(work: Work, starts: list[float]) -> list[list[int]]:
    """Linear clusters: lists of items, each reading the one before it; in the order of their heads."""
    ranks = upward_ranks(work)
    path_of: list[int] = []
    found: list[list[int]] = []
    for k, before in enumerate(work.before):
        main = max(before, key=lambda p: (starts[p] + work.seconds[p], -p), default=-1)
        if main >= 0 and _main_successor(work, ranks, main) == k:
            path_of.append(path_of[main])
            found[path_of[k]].append(k)
        else:
            path_of.append(len(found))
            found.append([k])
    return found


def _main_successor(work: Work, ranks: list[float], k: int) -> int:
    after = work.after[k]
    return after[0] if len(after) == 1 else max(after, key=lambda s: (ranks[s], -s))


# Step 4: workers.


def assign(work: Work, starts: list[float], clusters: list[list[int]], count: int, fee: Fee) -> list[int]:
    """The virtual worker of each item, of `count` ones."""
    placement = _Placement(work, starts, count, fee)
    for cluster in clusters:
        placement.place(cluster)
    placement.place_the_rest()
    return placement.worker


class _Placement:
    """Puts clusters on workers, one after the other."""

    def __init__(self, work: Work, starts: list[float], count: int, fee: Fee) -> None:
        self.work = work
        self.fee = fee
        self.starts = starts
        self.worker = [-1] * len(work.ids)
        self.hops = [0] * len(work.ids)
        self.busy = [0.0] * count
        self.queue = [(0.0, w) for w in range(count)]
        self.waiting: dict[int, list[int]] = {}

    def place(self, cluster: list[int]) -> None:
        """Choose a worker for a cluster; a light one that reads nothing placed goes with the first that reads it."""
        seconds = sum([self.work.seconds[k] for k in cluster])
        light = seconds < self.fee.task_s
        if light and not any([self.worker[p] >= 0 for k in cluster for p in self.work.before[k]]):
            readers = [self.worker[s] for k in cluster for s in self.work.after[k] if self.worker[s] >= 0]
            self.waiting.update(dict.fromkeys(cluster, cluster))
            if readers:
                self._settle(cluster, readers[0])
            return
        before = [p for p in self.work.before[cluster[0]] if self.worker[p] >= 0]
        light = light and bool(before)
        w = self._nearest(before) if light else self._soonest(cluster[0], before)
        ready = self._ready(cluster[0], before, w)
        self._settle(cluster, w)
        self.hops[cluster[0]] = self._hops(before, w)
        self._count_hops(cluster, w)
        self._load(w, self.busy[w] + seconds if light else max(self.busy[w], ready) + seconds)

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
        late = [
            self.starts[p] + self.work.seconds[p] + (self.fee.send(self.work.nbytes[p]) if self.worker[p] != w else 0.0)
            for p in before
        ]
        return max([self.starts[head], *late])

    def _soonest(self, head: int, before: list[int]) -> int:
        choices = sorted({self._idlest(), *[self.worker[p] for p in before]})
        if len(choices) == 1:
            return choices[0]
        return min(choices, key=lambda w: (max(self.busy[w], self._ready(head, before, w)), -self._near(before, w), w))


# Step 5: cuts.


def cut(work: Work, worker: list[int], starts: list[float], fee: Fee) -> list[list[int]]:
    """The items by worker, hops_in and hops_out, in topological order of the groups.

    What is ready at once and read by most workers is a group before all others, and no hop.
    """
    worker = _roots_apart(work, worker, starts, EARLY * fee.task_s)
    hops_in, hops_out = _hops_in(work, worker), _hops_out(work, worker)
    groups: dict[tuple[int, int, int], list[int]] = {}
    for k, w in enumerate(worker):
        groups.setdefault((hops_in[k], -hops_out[k], w) if w >= 0 else (-1, 0, w), []).append(k)
    return [groups[key] for key in sorted(groups)]


def _roots_apart(work: Work, worker: list[int], starts: list[float], limit: float) -> list[int]:
    """The workers, with -1 for items that end within some seconds of the start and that most workers wait for."""
    apart, most = list(worker), len(set(worker))
    for k in range(len(worker) - 1, -1, -1):
        if starts[k] + work.seconds[k] <= limit:
            readers = {apart[s] for s in work.after[k]}
            if -1 in readers or (len(readers) > 1 and 2 * len(readers) >= most):
                apart[k] = -1
    return apart


def _hops_in(work: Work, worker: list[int]) -> list[int]:
    hops: list[int] = []
    for w, before in zip(worker, work.before, strict=True):
        most = 0
        for p in before:
            most = max(most, hops[p] + (worker[p] != w and worker[p] >= 0))
        hops.append(most)
    return hops


def _hops_out(work: Work, worker: list[int]) -> list[int]:
    hops = [0] * len(worker)
    for k in range(len(worker) - 1, -1, -1):
        for s in work.after[k]:
            hops[k] = max(hops[k], hops[s] + (worker[s] != worker[k]))
    return hops


# Step 6: light groups join others.


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

    def levels(self) -> list[int]:
        """For each group, the length of the longest way to it."""
        levels: list[int] = []
        for read in self.before:
            levels.append(max([levels[p] + 1 for p in read], default=0))
        return levels

    def lightest(self, without: Container[int], count: int) -> list[int]:
        """The lightest groups, but for those whose first item is in `without`."""
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


def coarsen(work: Work, groups: list[list[int]], workers: int, fee: Fee) -> Quotient:
    """At most MOST_TASKS groups for each worker, and few light ones.

    The lightest group joins the one with which the whole is predicted to end first, until no group is lighter than a
    task costs, or than an eighth of a worker's share. It stays alone where joining would make others wait, as a root
    of many branches does, unless there are too many groups.
    """
    quotient = quotient_of(work, groups)
    light = max(fee.task_s, sum(quotient.seconds) / (2 * MOST_TASKS * workers))
    alone: set[int] = set()  # the first item of each light group that stays so
    while len(quotient.groups) > 1:
        crowded = len(quotient.groups) > MOST_TASKS * workers
        lightest = quotient.lightest(() if crowded else alone, TRIED if crowded else 1)
        if not lightest or (quotient.seconds[lightest[0]] >= light and not crowded):
            break
        best, is_good = _best_join(quotient, lightest, workers, fee)
        if crowded or is_good:
            quotient = best
        else:
            alone.add(quotient.groups[lightest[0]][0])
    return quotient_of(work, [sorted(group) for group in quotient.groups])


def _best_join(quotient: Quotient, lightest: Sequence[int], workers: int, fee: Fee) -> tuple[Quotient, bool]:
    """The first of some groups that another can take without making others wait, joined with it; else the least bad."""
    now = makespan(quotient, workers, fee)
    found: list[tuple[float, Quotient]] = []
    for g in lightest:
        choices = [quotient.joined(g, other) for other in quotient.partners(g)]
        found.append(min([(makespan(choice, workers, fee), choice) for choice in choices], key=itemgetter(0)))
        if found[-1][0] <= 1.02 * now:
            return found[-1][1], True
    return min(found, key=itemgetter(0))[1], False


# Step 7: what comes of it.


def split(work: Work, workers: int, fee: Fee) -> list[list[int]]:
    """The groups of items for which the predicted time is the shortest."""
    starts = start_times(work)
    found = _cuttings(work, _runs(work, starts, workers, fee), workers, fee)
    if min([time for time, _ in found], default=math.inf) > GOOD_ENOUGH * sum(work.seconds) / workers:
        found += _cuttings(work, _lanes(work, starts, workers, fee), workers, fee)
    shortest = min([time for time, _ in found], default=math.inf)
    if shortest >= sum(work.seconds) / SPEED_UP:
        return [list(range(len(work.ids)))]
    near = [quotient for time, quotient in found if time <= GOOD_ENOUGH * shortest]
    return min(near, key=_ties).groups


def _ties(quotient: Quotient) -> tuple[int, int]:
    """How many groups wait for work of others; and where that is equal rather many, as estimates are rough."""
    light = 0.01 * sum(quotient.seconds)
    waiting = [any([quotient.seconds[p] > light for p in needed]) for needed in quotient.before]
    return sum(waiting), -len(quotient.groups)


def _cuttings(work: Work, ways: Iterable[list[list[int]]], workers: int, fee: Fee) -> list[tuple[float, Quotient]]:
    """The predicted time and the groups, after light ones have joined others, of each way that leaves several."""
    found: list[tuple[float, Quotient]] = []
    for way in ways:
        quotient = coarsen(work, way, workers, fee)
        if len(quotient.groups) > 1:
            found.append((makespan(quotient, workers, fee), quotient))
    return found


def _runs(work: Work, starts: list[float], workers: int, fee: Fee) -> Iterator[list[list[int]]]:
    """Groups, not too many, where virtual workers are runs of the order."""
    for factor in LANES_A_WORKER:
        groups = cut(work, segments(work.seconds, work.after, factor * workers), starts, fee)
        if len(groups) <= MOST_GROUPS * workers:
            yield groups


def _lanes(work: Work, starts: list[float], workers: int, fee: Fee) -> Iterator[list[list[int]]]:
    """Groups, not too many, where paths are put on virtual workers; the more of these, the more groups."""
    clusters = paths(work, starts)
    for factor in sorted(LANES_A_WORKER):
        groups = cut(work, assign(work, starts, clusters, factor * workers, fee), starts, fee)
        if len(groups) > MOST_GROUPS * workers:
            return
        yield groups


def makespan(quotient: Quotient, workers: int, fee: Fee) -> float:
    """Predicted seconds of groups on `workers` workers: each group starts as soon as it is ready and one is idle."""
    idle = [0.0] * workers
    heapify(idle)
    ends: list[float] = []
    for seconds, needed in zip(quotient.seconds, quotient.before, strict=True):
        ready = max([ends[p] + nbytes * fee.byte_s for p, nbytes in needed.items()], default=0.0)
        ends.append(max(ready, heappop(idle)) + fee.task_s + seconds)
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
