"""Tasks that read what lies on several workers are cut into one for each: so a branch runs where its data is.

Each item of a task's body has a home: where most of what it reads of the data lies; else that of the largest of its
operands, and so a branch goes forward and back at one home; else that of what reads it. The items of a home are one
task, up to where they wait for another home's.

Limits: one node that reads data of several homes runs at one of them, and the rest of its data goes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ....graph.graph import Graph
from ....ops.core.cache import cached
from ...machine.cost import Machine
from ..partitioning.cuts import cut_runs
from ..partitioning.makespan import Overhead
from ..partitioning.work import Work, compact, priced, start_times
from ..plan import Plan, PlanInput, Task
from .cutting import Cut, inputs_read, recut

MESSAGE = 1e-3
"""Seconds from a result on one worker to its use on another, beside its bytes."""

BYTE = 1e-9
"""Seconds that a byte takes between workers."""

ANYWHERE = -1
"""The home of what reads nothing that has one; a run that comes before all others, see cuts.py."""

FREE = Overhead(0.0, 0.0)
"""Nothing that has a home is taken away from it, however short it is."""


@cached()
def at_homes(plan: Plan, homes: tuple[tuple[int, int], ...]) -> Plan:
    """A plan whose tasks read what lies at one home each, as far as they can be cut and that is quicker.

    Arguments:
        plan: the plan, without host-pinned tasks.
        homes: for each input that lies on a worker, a number for the worker.
    """
    known = dict(homes)

    def cutter(task: Task) -> Cut | None:
        read = {k: known[s.index] for k, s in enumerate(task.args) if isinstance(s, PlanInput) and s.index in known}
        if len(set(read.values())) < 2:
            return None
        cut = _cut(task.body, read)
        return cut if (len(cut.groups) - 1) * MESSAGE <= task.seconds + _far(task.body, read) * BYTE else None

    return recut(plan, cutter)


def _far(body: Graph, read: Mapping[int, int]) -> int:
    """The bytes that have to move where the body is one task."""
    found = Counter[int]()
    for k, home in read.items():
        found[home] += body.inputs[k].nbytes
    return found.total() - max(found.values())


def _cut(body: Graph, read: Mapping[int, int]) -> Cut:
    work = compact(body, priced(body, Machine()))
    groups = cut_runs(work, _homes(body, work, read), start_times(work), FREE)
    return Cut(body, tuple(tuple([work.ids[k] for k in group]) for group in groups))


def _homes(body: Graph, work: Work, read: Mapping[int, int]) -> list[int]:
    """The home of each item; ANYWHERE for what reads no data and is read at several."""
    inputs = inputs_read(body, {k: k for k in read})
    homes: list[int] = []
    for k, i in enumerate(work.ids):
        data = [(read[j], body.inputs[j].nbytes) for j in inputs[i]]
        operands = [(homes[p], work.nbytes[p]) for p in work.before[k] if homes[p] != ANYWHERE]
        homes.append(_heaviest(data or operands))
    return _settled(work, homes)


def _heaviest(found: Sequence[tuple[int, int]]) -> int:
    """The home with the most bytes, the first of equals; ANYWHERE where there is none."""
    nbytes = Counter[int]()
    for home, size in found:
        nbytes[home] += size
    return min(nbytes, key=lambda home: (-nbytes[home], home), default=ANYWHERE)


def _settled(work: Work, homes: list[int]) -> list[int]:
    """The homes, with what could be anywhere put where it is read, if that is one place."""
    for k in range(len(homes) - 1, -1, -1):
        readers = {homes[s] for s in work.after[k]}
        if homes[k] == ANYWHERE and len(readers) == 1:
            (homes[k],) = readers
    return homes
