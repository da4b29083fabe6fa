"""Tasks that read too much at once are cut into several, which read a part each: for data larger than memory.

The body of such a task is put in the order of branches and cut where it would read too much more: so a run holds some
shards of a batch, forward and back.

Limits: one node that reads too much stays one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....graph.graph import Graph
from ....graph.passes.branch_order import order_by_branch
from ....ops.core.cache import cached
from ...machine.cost import Machine
from ..host_pinned import Groups
from ..partitioning.cuts import cut_runs
from ..partitioning.makespan import Overhead
from ..partitioning.work import Work, compact, priced, start_times
from ..plan import Plan, PlanInput, Task
from .cutting import Cut, inputs_read, recut

SHORT = Overhead(1e-2, 0.0)
"""What ends soon after the start, and is read by most runs, is apart from all; see cuts.py."""


@cached()
def refined(plan: Plan, nbytes: tuple[tuple[int, int], ...], limit: int) -> Plan:
    """A plan whose tasks read no more than about so many bytes each, as far as they can be cut.

    Arguments:
        plan: the plan, without host-pinned tasks.
        nbytes: the inputs that count, with their bytes.
        limit: bytes of these that a task is to read, at most.
    """
    sizes = dict(nbytes)

    def cutter(task: Task) -> Cut | None:
        read = _read(task, sizes)
        if sum([sizes[k] for k in set(read.values())]) <= limit:
            return None
        body = order_by_branch(task.body)
        return Cut(body, _groups(body, read, sizes, limit))

    return recut(plan, cutter)


def _read(task: Task, sizes: Mapping[int, int]) -> dict[int, int]:
    """For each input of a task's body that counts, or is some rows of one, which input of the plan that is."""
    indices = {k: slot.index for k, slot in enumerate(task.args) if isinstance(slot, PlanInput)}
    return {k: index for k, index in indices.items() if index in sizes}


def _groups(body: Graph, read: Mapping[int, int], sizes: Mapping[int, int], limit: int) -> Groups:
    work = compact(body, priced(body, Machine()))
    groups = cut_runs(work, _runs(work, inputs_read(body, read), sizes, limit), start_times(work), SHORT)
    return tuple(tuple([work.ids[k] for k in group]) for group in groups)


def _runs(work: Work, read: Sequence[set[int]], sizes: Mapping[int, int], limit: int) -> list[int]:
    """The run of each item: a new one begins with the item that would read too much more."""
    runs: list[int] = []
    run, inside = 0, set[int]()
    for i in work.ids:
        new = read[i] - inside
        if new and inside and sum([sizes[k] for k in inside | new]) > limit:
            run, inside = run + 1, set()
        inside |= read[i]
        runs.append(run)
    return runs
