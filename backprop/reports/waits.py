"""Where the time of workers went that did no task, and by what tasks took longer than alone.

At each moment of a run, an idle worker waits for one of these: tasks that wait for others (dependency), tasks that
could start and have not (scheduling; on a cluster their data may be on its way: transfer), or nothing, as there is no
work left or not yet any (no work: the trace, the passes, and what the call does before and after its plans).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .description import Description, Interval


class Spent(NamedTuple):
    """Seconds of all workers together, over the time of a run.

    Attributes:
        work: what tasks take when each runs alone, as far as that was measured.
        gil: by what tasks took longer than alone while their threads waited: for the GIL, or on a machine that does
            other work for a core.
        slowed: by what they took longer than alone while they ran: they share caches, and the bandwidth of the memory.
        dependency: workers were idle as all tasks that were left waited for others.
        scheduling: workers were idle although tasks could start.
        transfer: the same on a cluster, where a task's data may be on its way.
        no_work: workers were idle as there was no task.
    """

    work: float
    gil: float
    slowed: float
    dependency: float
    scheduling: float
    transfer: float
    no_work: float


def spent(description: Description) -> Spent:
    """Where the time of a run's workers went.

    Arguments:
        description: with a run.
    """
    run = description.run
    assert run is not None
    longer = [_longer(description, interval) for interval in run.intervals]
    gil = sum([min(by, interval.waited) for by, interval in zip(longer, run.intervals, strict=True)])
    slowed = sum(longer) - gil
    dependency, ready, nothing = _idle(description, run.intervals, run.seconds)
    local = description.shares_gil
    waits = dependency, ready if local else 0.0, 0.0 if local else ready, nothing
    return Spent(run.busy - gil - slowed, gil, slowed, *waits)


def _longer(description: Description, interval: Interval) -> float:
    """By what a task took longer than its nodes did alone."""
    alone = [part.measured for part in description.tasks[interval.task].parts]
    if not alone or min(alone) < 0 or not description.shares_gil:
        return 0.0
    return max(0.0, interval.end - interval.start - sum(alone))


def _idle(description: Description, intervals: Sequence[Interval], seconds: float) -> tuple[float, float, float]:
    """Seconds of idle workers: for dependencies, although tasks could start, and for want of tasks."""
    first = min([i.start for i in intervals], default=seconds)
    dependency = ready = nothing = 0.0
    now, running, startable, unstarted = 0.0, 0, 0, len(intervals)
    for at, *changed in [*_changes(description, intervals, first), (seconds, 0, 0, 0)]:
        idle = max(0, description.workers - running)
        may = min(idle, startable)
        ready += may * (at - now)
        if unstarted > startable and now >= first:
            dependency += (idle - may) * (at - now)
        else:
            nothing += (idle - may) * (at - now)
        now, running = at, running + changed[0]
        startable, unstarted = startable + changed[1], unstarted + changed[2]
    return dependency, ready, nothing


def _changes(
    description: Description, intervals: Sequence[Interval], first: float
) -> list[tuple[float, int, int, int]]:
    """When, and by how many, the running, the startable and the unstarted tasks change."""
    ends = {i.task: i.end for i in intervals}
    found: list[tuple[float, int, int, int]] = []
    for i in intervals:
        ready = max([first, *[ends.get(k, 0.0) for k in description.needed[i.task]]])
        found += [(min(ready, i.start), 0, 1, 0), (i.start, 1, -1, -1), (i.end, -1, 0, 0)]
    return sorted(found)
