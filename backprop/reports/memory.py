"""Memory over time: what is alive at each moment of a timeline.

Arguments are there all the time. A result lives from the end of its task to the end of the last that reads it, or to
the end of all where nobody does; values inside of a task live while it runs, at their most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .description import Description, Interval


class Alive(NamedTuple):
    """The bytes that are alive from a moment on."""

    at: float
    nbytes: int


def memory(description: Description, intervals: Sequence[Interval]) -> list[Alive]:
    """The bytes that are alive, whenever they change.

    Arguments:
        description: what ran.
        intervals: when.
    """
    ends = {i.task: i.end for i in intervals}
    finish = max(ends.values(), default=0.0)
    last: dict[int, float] = {}
    for k, task in enumerate(description.tasks):
        for source in task.before:
            last[source] = max(last.get(source, 0.0), ends.get(k, finish))
    changes: list[tuple[float, int]] = [(0.0, description.input_bytes)]
    for i in intervals:
        task = description.tasks[i.task]
        changes += [(i.start, task.peak_bytes), (i.end, task.out_bytes - task.peak_bytes)]
        changes.append((max(i.end, last.get(i.task, finish)), -task.out_bytes))
    alive, found = 0, list[Alive]()
    for at, by in sorted(changes):
        alive += by
        if found and found[-1].at == at:
            found.pop()
        found.append(Alive(at, alive))
    return found
