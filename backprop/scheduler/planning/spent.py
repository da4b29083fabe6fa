"""Which arguments of a task nobody else reads: their memory may become that of its results.

The task that adds up the gradients of shards is the only reader of each. Written over one of them, a sum needs no third
array, which is a third of what passes through the caches.
"""

from __future__ import annotations

from collections import Counter

from ...graph.graph import Graph
from ...graph.ownership import escaping
from ...ops.core.op import Kind
from .plan import Plan, Slot, TaskOutput


def spent(plan: Plan) -> tuple[frozenset[int], ...]:
    """For each task of a plan, those of its arguments whose memory nobody else reads, nor will."""
    readers = Counter([slot for task in plan.tasks for slot in task.args])
    readers.update(plan.outputs)
    own = [own_results(task.body) for task in plan.tasks]

    def is_spent(slot: Slot) -> bool:
        return isinstance(slot, TaskOutput) and readers[slot] == 1 and own[slot.task][slot.index]

    return tuple([frozenset([k for k, slot in enumerate(task.args) if is_spent(slot)]) for task in plan.tasks])


def own_results(body: Graph) -> list[bool]:
    """For each result of a task, whether it is memory of its own: no view, nothing of a user's op, and no constant.

    Arguments:
        body: what the task computes.
    """
    varies = [True] * body.first  # what depends on constants alone may have become one
    made = [False] * body.first
    for node in body.nodes:
        varies.append(any([varies[j] for j in node.inputs]))
        made.append(varies[-1] and node.op.is_built_in and node.op.kind in (Kind.ELEMENTWISE, Kind.INTO))
    pairs = zip(body.outputs, escaping(body), strict=True)
    return [made[i] and not is_shared for i, is_shared in pairs]
