"""Which Dask task goes first: those on the longest way to the end of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...lower import task_of
from ...planning.plan import Plan, before


@dataclass(frozen=True, slots=True)
class Priority:
    """The priority of a Dask task by its key, as an annotation; higher goes first.

    Arguments:
        ranks: of each task of the plan.
    """

    ranks: tuple[int, ...]

    def __call__(self, key: Any) -> int:
        """The priority of a key; 0 for what is no task of the plan."""
        index = task_of(key)
        return self.ranks[index] if index is not None and index < len(self.ranks) else 0


def priority(plan: Plan) -> Priority:
    """The priorities of the tasks of a plan, by the seconds from the start of each to the end of the plan."""
    ends = [0.0] * len(plan.tasks)
    for index in range(len(plan.tasks) - 1, -1, -1):
        ends[index] += plan.tasks[index].seconds
        for t in before(plan.tasks[index]):
            ends[t] = max(ends[t], ends[index])
    place = {end: rank for rank, end in enumerate(sorted(set(ends)))}
    return Priority(tuple([place[end] for end in ends]))
