"""Which worker does which task of a plan: where its data is, unless it pays to send that to one that is idle.

A pure decision over plain data, by the earliest end of each task in the order of the plan; so the sum of two gradients
is made where one of them is, and a shard goes where its batch lies. To a task whose data lies elsewhere a worker is
free only after the tasks whose data it has.

Source: H. Topcuoglu, S. Hariri, M.-Y. Wu, HEFT, IEEE TPDS 13(3), 2002 (earliest finish).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heapreplace

from ....planning.plan import Plan, PlanInput, Slot
from ....planning.refinement.homes import BYTE, MESSAGE


def placed(plan: Plan, threads: Sequence[int], held: Mapping[int, int]) -> list[int]:
    """The worker of each task of a plan.

    Arguments:
        plan: the plan.
        threads: of each worker.
        held: for inputs that lie on a worker, which.
    """
    placing = _Placing(plan, threads, held)
    for task in range(len(plan.tasks)):
        placing.place(task)
    return placing.homes


class _Placing:
    """Tasks are put on workers one after the other."""

    def __init__(self, plan: Plan, threads: Sequence[int], held: Mapping[int, int]) -> None:
        self.plan = plan
        self.held = held
        self.free = [[0.0] * count for count in threads]
        for each in self.free:
            heapify(each)
        self.homes: list[int] = []
        self.ends: list[float] = []
        self.bound = [self._bound(task) for task in range(len(plan.tasks))]
        self.owed = [0.0] * len(threads)
        for task, worker in enumerate(self.bound):
            self._owe(worker, plan.tasks[task].seconds)

    def place(self, task: int) -> None:
        self._owe(self.bound[task], -self.plan.tasks[task].seconds)
        ends = [(self._late(task, w) + self._end(task, w), -self._near(task, w), w) for w in range(len(self.free))]
        _, _, worker = min(ends)
        end = self._end(task, worker)
        heapreplace(self.free[worker], end)
        self.homes.append(worker)
        self.ends.append(end)

    def _bound(self, task: int) -> int | None:
        """The worker that has most of the data that a task reads; None where it reads none."""
        nbytes = [self._given(task, w) for w in range(len(self.free))]
        return nbytes.index(max(nbytes)) if any(nbytes) else None

    def _given(self, task: int, worker: int) -> int:
        args = self.plan.tasks[task].args
        return sum([self._nbytes(s) for s in args if isinstance(s, PlanInput) and self._home(s) == worker])

    def _owe(self, worker: int | None, seconds: float) -> None:
        if worker is not None:
            self.owed[worker] += seconds / len(self.free[worker])

    def _late(self, task: int, worker: int) -> float:
        """The seconds that a worker still owes to tasks of its own, for one whose data lies elsewhere."""
        return 0.0 if self.bound[task] in (None, worker) else self.owed[worker]

    def _end(self, task: int, worker: int) -> float:
        args = self.plan.tasks[task].args
        ready = max([self._ready(slot, worker) for slot in args], default=0.0)
        sent = sum([self._nbytes(slot) for slot in args if self._home(slot) not in (None, worker)]) * BYTE
        return max(ready + sent, self.free[worker][0]) + self.plan.tasks[task].seconds

    def _ready(self, slot: Slot, worker: int) -> float:
        late = 0.0 if self._home(slot) in (None, worker) else MESSAGE
        return late if isinstance(slot, PlanInput) else self.ends[slot.task] + late

    def _near(self, task: int, worker: int) -> int:
        return sum([self._nbytes(slot) for slot in self.plan.tasks[task].args if self._home(slot) == worker])

    def _home(self, slot: Slot) -> int | None:
        return self.held.get(slot.index) if isinstance(slot, PlanInput) else self.homes[slot.task]

    def _nbytes(self, slot: Slot) -> int:
        if isinstance(slot, PlanInput):
            whole = self.plan.inputs[slot.index]
            return whole.nbytes
        return self.plan.tasks[slot.task].body.output_types[slot.index].nbytes
