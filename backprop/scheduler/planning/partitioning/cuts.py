"""Items that have been placed on workers are cut into groups that have no cycle.

Let `hops_in` be the messages between workers on the way to an item, and `hops_out` those behind it, at most. A group is
all that shares worker, hops_in and hops_out. Along an edge hops_in never falls and hops_out never rises, and between
two workers hops_in rises; so groups have no cycle. Of runs of the order (segments.py) a group is all that shares run
and hops_in, as what a run hands on is mostly made at its end: so a shard of a batch, forward and back, is one group.
"""

from __future__ import annotations

from .makespan import Overhead
from .work import Work

EARLY = 0.3
"""The end of what counts as ready at once, in tasks."""


def cut(work: Work, worker: list[int], starts: list[float], overhead: Overhead) -> list[list[int]]:
    """The items by worker, hops_in and hops_out, in topological order of the groups.

    What is ready at once and read by most workers is a group before all others, and no hop.

    Arguments:
        work: the items with their seconds, and which reads which.
        worker: of each item.
        starts: when each item could start at the earliest, in seconds.
        overhead: seconds that a task costs.
    """
    worker = _roots_apart(work, worker, starts, EARLY * overhead.task_s)
    hops_in, hops_out = _hops_in(work, worker), _hops_out(work, worker)
    groups: dict[tuple[int, int, int], list[int]] = {}
    for k, w in enumerate(worker):
        groups.setdefault((hops_in[k], -hops_out[k], w) if w >= 0 else (-1, 0, w), []).append(k)
    return [groups[key] for key in sorted(groups)]


def cut_runs(work: Work, runs: list[int], starts: list[float], overhead: Overhead) -> list[list[int]]:
    """The items by run and hops_in, in topological order of the groups; what most runs wait for as in `cut`.

    Arguments:
        work: the items with their seconds, and which reads which.
        runs: the run of each item.
        starts: when each item could start at the earliest, in seconds.
        overhead: seconds that a task costs.
    """
    runs = _roots_apart(work, runs, starts, EARLY * overhead.task_s)
    groups: dict[tuple[int, int], list[int]] = {}
    for k, (run, hops) in enumerate(zip(runs, _hops_in(work, runs), strict=True)):
        groups.setdefault((hops, run) if run >= 0 else (-1, run), []).append(k)
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
