"""The part of a plan that one worker does, as plain data: its tasks, and where each argument comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ....planning.plan import Plan, PlanInput, Slot, TaskOutput


class Given(NamedTuple):
    """An argument that is among the values of the call.

    Arguments:
        place: which of them.
    """

    place: int


class Local(NamedTuple):
    """An argument that is a result of a task of the same part.

    Arguments:
        task: its index in the plan.
        result: which of its results.
    """

    task: int
    result: int


class Remote(NamedTuple):
    """An argument that is a result of a task of another worker.

    Arguments:
        address: of the worker.
        task: its index in the plan.
        result: which of its results.
    """

    address: str
    task: int
    result: int


Argument: TypeAlias = Given | Local | Remote


@dataclass(frozen=True, slots=True)
class PartTask:
    """A task of a part.

    Arguments:
        index: in the plan.
        name: for events and notes on exceptions.
        args: where its arguments come from.
    """

    index: int
    name: str
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one worker does of a plan.

    Arguments:
        tasks: in the order of the plan.
        given: the slots whose values the call brings.
        wanted: the results that the call gives back: task and result.
        taken: how many results other workers take.
    """

    tasks: tuple[PartTask, ...]
    given: tuple[PlanInput, ...]
    wanted: tuple[tuple[int, int], ...]
    taken: int


def parts(plan: Plan, homes: Sequence[str]) -> dict[str, Part]:
    """The part of each worker.

    Arguments:
        plan: the plan.
        homes: the address of the worker of each task.
    """
    makers = {address: _Maker(plan, homes, address) for address in dict.fromkeys(homes)}
    for maker in makers.values():
        maker.add_tasks()
    pulls = [(a.address, *a) for maker in makers.values() for a in maker.pulled]
    return {address: maker.part(sum(1 for pull in pulls if pull[0] == address)) for address, maker in makers.items()}


class _Maker:
    """A part in the making."""

    def __init__(self, plan: Plan, homes: Sequence[str], address: str) -> None:
        self.plan = plan
        self.homes = homes
        self.address = address
        self.tasks: list[PartTask] = []
        self.given: dict[PlanInput, int] = {}
        self.pulled: dict[Remote, None] = {}

    def add_tasks(self) -> None:
        for index, task in enumerate(self.plan.tasks):
            if self.homes[index] == self.address:
                self.tasks.append(PartTask(index, task.name, tuple(map(self._argument, task.args))))

    def part(self, taken: int) -> Part:
        wanted = [slot for slot in dict.fromkeys(self.plan.outputs) if isinstance(slot, TaskOutput)]
        own = tuple((slot.task, slot.index) for slot in wanted if self.homes[slot.task] == self.address)
        return Part(tuple(self.tasks), tuple(self.given), own, taken)

    def _argument(self, slot: Slot) -> Argument:
        if isinstance(slot, PlanInput):
            return Given(self.given.setdefault(slot, len(self.given)))
        home = self.homes[slot.task]
        if home == self.address:
            return Local(slot.task, slot.index)
        remote = Remote(home, slot.task, slot.index)
        self.pulled[remote] = None
        return remote
