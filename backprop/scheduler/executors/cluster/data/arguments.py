"""What stands in a Dask graph for each argument of a plan: a value, where it lies, or how it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from .....graph.handle import Handle
from ....lower import plan_input
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
    uses = Counter(slot for task in plan.tasks for slot in task.args if isinstance(slot, PlanInput))
    handles = {slot: given[slot.index] for slot in uses if isinstance(given[slot.index], Handle)}
    values = {slot: plan_input(given, slot) for slot in uses if slot not in handles}
    tasks = {key: task for home in {h.home for h in handles.values()} for key, task in home.graph().items()}
    parts = private_parts(tasks, _readers(handles, uses))
    inside = {key for part in parts.values() for key in part}
    inputs: dict[PlanInput, Any] = {slot: elsewhere(handle, slot.rows, parts) for slot, handle in handles.items()}
    inputs.update(values)
    inputs.update(store.arrays({slot: value for slot, value in values.items() if _is_large(value)}))
    return Arguments(inputs, {key: task for key, task in tasks.items() if key not in inside})


def _readers(handles: Mapping[PlanInput, Handle], uses: Mapping[PlanInput, int]) -> Counter[Any]:
    """How many tasks read each key that is still to be computed."""
    readers: Counter[Any] = Counter()
    for slot, handle in handles.items():
        if isinstance(handle.home, GraphHome):
            readers[handle.key] += uses[slot]
    return readers


def _is_large(value: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    return isinstance(value, np.ndarray) and value.nbytes >= AHEAD
