"""A plan fitted to where its data is: cut so that tasks run where they read, and hold in memory what they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .....graph.handle import Handle
from ....lower import task_of
from ....planning.plan import Plan, PlanInput
from ....planning.refinement.homes import at_homes
from ....planning.refinement.reading import refined
from .arguments import is_to_be_made
from .placement import placed
from .places import Places

SHARE = 8
"""The part of the memory of a worker's thread that a task may take for what it makes to read it: one in so many."""


def fitted(plan: Plan, given: Sequence[Any], places: Places, memory: Callable[[], int]) -> Plan:
    """A plan in tasks that run where their data is, and have memory for what they make to read it.

    Arguments:
        plan: the plan, without host-pinned tasks.
        given: a value or a handle for each of its inputs.
        places: where values lie.
        memory: tells the bytes that a thread of a worker has.
    """
    if not any(isinstance(value, Handle) for value in given):
        return plan
    plan = at_their_data(plan, places.heavy(given))
    made = tuple([(k, value.nbytes) for k, value in enumerate(given) if is_to_be_made(value)])
    return refined(plan, made, memory() // SHARE) if made else plan


def at_their_data(plan: Plan, held: Mapping[int, str]) -> Plan:
    """A plan, its tasks cut by where the values that they read lie.

    Arguments:
        plan: the plan, without host-pinned tasks.
        held: the worker of each input that counts.
    """
    if not held:
        return plan
    numbers = {address: n for n, address in enumerate(dict.fromkeys(held.values()))}
    return at_homes(plan, tuple([(k, numbers[address]) for k, address in held.items()]))


@dataclass(frozen=True, slots=True)
class Placing:
    """The worker of a Dask task by its key, as an annotation.

    Arguments:
        homes: for each task of the plan that goes where data lies, the worker.
    """

    homes: Mapping[int, str]

    def __call__(self, key: Any) -> list[str] | None:
        """The worker of a key; None for one that may go anywhere."""
        task = task_of(key)
        return [self.homes[task]] if task is not None and task in self.homes else None

    def is_placed(self, key: Any) -> bool | None:
        """True for a key that has a worker; None for others."""
        return task_of(key) in self.homes or None


def placing(plan: Plan, held: Mapping[int, str], threads: Mapping[str, int]) -> Placing:
    """Where those tasks of a plan go that read data.

    Arguments:
        plan: the plan.
        held: the worker of each input that counts.
        threads: of each worker that is used.
    """
    workers = list(threads)
    if not held or not workers:
        return Placing({})
    numbers = {k: workers.index(address) for k, address in held.items() if address in threads}
    homes = placed(plan, list(threads.values()), numbers)
    reads = [any(isinstance(s, PlanInput) and s.index in numbers for s in task.args) for task in plan.tasks]
    return Placing({k: workers[home] for k, home in enumerate(homes) if reads[k]})
