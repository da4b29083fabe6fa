"""What stands in a Dask graph for each argument of a plan: a value, where it lies, or how it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    parts = private_parts(tasks, _readers(plan, given))
    inside = {key for part in parts.values() for key in part}
    inputs.update({slot: elsewhere(handle, slot.rows, parts) for slot, handle in handles.items()})
    return Arguments(inputs, {key: task for key, task in tasks.items() if key not in inside})


def _readers(plan: Plan, given: Sequence[Any]) -> Counter[Any]:
    """How many tasks, and results of the plan, read each key that is still to be computed, or some rows of it."""
    readers: Counter[Any] = Counter()
    for slots in (*[task.args for task in plan.tasks], *[(slot,) for slot in plan.outputs]):
        values = {slot.index: given[slot.index] for slot in slots if isinstance(slot, PlanInput)}
        readers.update(dict.fromkeys([v.key for v in values.values() if is_to_be_made(v)], 1))
    return readers


def is_to_be_made(value: Any) -> bool:
    """Whether a value is a part of a Dask graph that is still to run."""
    return isinstance(value, Handle) and isinstance(value.home, GraphHome)


def _is_large(value: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    return isinstance(value, np.ndarray) and value.nbytes >= AHEAD
