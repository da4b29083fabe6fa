"""What stands in a Dask graph for each argument of a plan: a value, where it lies, or how it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from .....graph.handle import Handle
from ....planning.plan import Plan, PlanInput
from .homes import GraphHome, elsewhere
from .inlining import private_parts
from .store import Store

AHEAD = 1 << 17
"""Bytes from which an array is known by its content, and sent ahead of the graph where it is sent."""


class Arguments(NamedTuple):
    """The arguments of a plan.

    Arguments:
        inputs: what stands for each slot that tasks read.
        tasks: the Dask tasks that make some of them.
    """

    inputs: dict[PlanInput, Any]
    tasks: dict[Any, Any]


def arguments(plan: Plan, given: Sequence[Any], store: Store) -> Arguments:
    """The arguments of a plan, large arrays put on the workers where they are not there yet.

    Arguments:
        plan: the plan.
        given: a value or a handle for each of its inputs.
        store: what lies on the workers.
    """
    inputs, tasks = prepared(plan, given)
    large = {slot: value for slot, value in inputs.items() if _is_large(value)}
    return Arguments({**inputs, **store.arrays(large)}, tasks)


def prepared(plan: Plan, given: Sequence[Any]) -> Arguments:
    """The arguments of a plan, arrays as they are.

    Arguments:
        plan: the plan.
        given: a value or a handle for each of its inputs.
    """
    uses = Counter(slot for task in plan.tasks for slot in task.args if isinstance(slot, PlanInput))
    handles = {slot: given[slot.index] for slot in uses if isinstance(given[slot.index], Handle)}
    inputs: dict[PlanInput, Any] = {slot: slot.of(given) for slot in uses if slot not in handles}
    homes = {value.home for value in given if isinstance(value, Handle)}
    tasks = {key: task for home in homes for key, task in home.graph().items()}
    parts = private_parts(tasks, _readers(plan, given, uses))
    inside = {key for part in parts.values() for key in part}
    inputs.update({slot: elsewhere(handle, slot.rows, parts) for slot, handle in handles.items()})
    return Arguments(inputs, {key: task for key, task in tasks.items() if key not in inside})


def _readers(plan: Plan, given: Sequence[Any], uses: Mapping[PlanInput, int]) -> Counter[Any]:
    """How many tasks, and results of the plan, read each key that is still to be computed."""
    readers: Counter[Any] = Counter()
    for slot, count in [*uses.items(), *[(slot, 1) for slot in plan.outputs if isinstance(slot, PlanInput)]]:
        value = given[slot.index]
        if isinstance(value, Handle) and isinstance(value.home, GraphHome):
            readers[value.key] += count
    return readers


def _is_large(value: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    return isinstance(value, np.ndarray) and value.nbytes >= AHEAD
