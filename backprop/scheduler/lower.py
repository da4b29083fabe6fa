"""Plan + values -> a Dask graph; beside the executors the only place that knows Dask.

Each task of the plan is one `dask.task_spec.Task` with flat arguments, as references inside a container would not be
dependencies, and with its constants inline. Keys carry a token that is new for each run: a key that is used again would
silently give its old result. A task gives all its results in a tuple, of which readers pick theirs; where a reader on
another machine would be sent large results that it does not want, a small task picks for it.

Source: dask/_task_spec.py; distributed/scheduler.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias
from uuid import uuid4

from dask.task_spec import Task as DaskTask
from dask.task_spec import TaskRef

from .planning.plan import Plan, PlanInput, Slot, Task, TaskOutput

Key: TypeAlias = tuple[str, int] | tuple[str, int, int]
Pick: TypeAlias = tuple[int, int | None]
"""The place of an argument among those of the Dask task, and which result of it is wanted, None for the whole."""

LARGE = 1 << 20
"""Bytes of unwanted results from which `split` picks with a task of its own."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A Dask graph.

    Arguments:
        tasks: by key.
        keys: what to ask for.
        picks: for each output of the plan the place of its key, and which result of it is meant.
    """

    tasks: dict[Key, DaskTask]
    keys: tuple[Key, ...]
    picks: tuple[Pick, ...]

    def results(self, answers: Sequence[Any], values: Sequence[Any], plan: Plan) -> tuple[Any, ...]:
        """The outputs of the plan.

        Arguments:
            answers: what Dask gave for the keys.
            values: of the plan's inputs.
            plan: the plan.
        Returns:
            a value for each output.
        """
        picked = iter(picked_from(answers, self.picks))
        return tuple(plan_input(values, s) if isinstance(s, PlanInput) else next(picked) for s in plan.outputs)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a Dask task calls: picks the arguments of a runner, and calls it.

    Arguments:
        run: takes the arguments of the task's body.
        picks: where they are among the arguments of the Dask task.
    """

    run: Callable[..., tuple[Any, ...]]
    picks: tuple[Pick, ...]

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The results of the task."""
        return self.run(*picked_from(given, self.picks))


def picked_from(given: Sequence[Any], picks: tuple[Pick, ...]) -> list[Any]:
    """The values that picks point at."""
    return [given[place] if index is None else given[place][index] for place, index in picks]


def plan_input(values: Sequence[Any], slot: PlanInput) -> Any:
    """The value of an input of the plan, or the rows of it."""
    value = values[slot.index]
    return value if slot.rows is None else value[slot.rows[0] : slot.rows[1]]


def new_token() -> str:
    """A token that no other run has; letters and digits only, as Dask reads groups off keys."""
    return uuid4().hex


def lower(
    plan: Plan,
    inputs: Mapping[PlanInput, Any] | Sequence[Any],
    runners: Sequence[Callable[..., tuple[Any, ...]]],
    split: bool = False,
    token: str = "",
) -> Lowered:
    """The Dask graph of a plan.

    Arguments:
        plan: the plan.
        inputs: the values of the plan's inputs, or what stands for each argument that is one (such as a Future).
        runners: what runs each task.
        split: whether readers may be on another machine.
        token: of the run; a fresh one by default.
    Returns:
        the graph, and how to read its answers.
    """
    lowering = _Lowering(plan, inputs, split, f"bp-task-{token or new_token()}")
    for index, task in enumerate(plan.tasks):
        lowering.add(index, task, runners[index])
    return lowering.lowered()


class _Lowering:
    """A Dask graph in the making."""

    def __init__(self, plan: Plan, inputs: Mapping[PlanInput, Any] | Sequence[Any], split: bool, name: str) -> None:
        self.plan = plan
        self.inputs = inputs
        self.split = split
        self.name = name
        self.tasks: dict[Key, DaskTask] = {}

    def add(self, index: int, task: Task, run: Callable[..., tuple[Any, ...]]) -> None:
        """Add a task of the plan."""
        key = (self.name, index)
        refs, picks = self._references(task.args)
        given = [TaskRef(ref) if isinstance(ref, tuple) else ref.value for ref in refs]
        self.tasks[key] = DaskTask(key, Call(run, picks), *given)

    def lowered(self) -> Lowered:
        """The finished graph."""
        refs, picks = self._references([slot for slot in self.plan.outputs if isinstance(slot, TaskOutput)])
        return Lowered(self.tasks, tuple(ref for ref in refs if isinstance(ref, tuple)), picks)

    def _references(self, slots: Sequence[Slot]) -> tuple[list[Key | _Constant], tuple[Pick, ...]]:
        refs: list[Key | _Constant] = []
        places: dict[Key, int] = {}
        picks: list[Pick] = []
        for slot in slots:
            if isinstance(slot, PlanInput):
                refs.append(_Constant(self._input(slot)))
                picks.append((len(refs) - 1, None))
                continue
            key, index = self._result(slot, slots)
            if key not in places:
                places[key] = len(refs)
                refs.append(key)
            picks.append((places[key], index))
        return refs, tuple(picks)

    def _input(self, slot: PlanInput) -> Any:
        return self.inputs[slot] if isinstance(self.inputs, Mapping) else plan_input(self.inputs, slot)

    def _result(self, slot: TaskOutput, slots: Sequence[Slot]) -> tuple[Key, int | None]:
        if not self.split or self._unwanted(slot.task, slots) < LARGE:
            return (self.name, slot.task), slot.index
        key = (f"bp-pick-{self.name[8:]}", slot.task, slot.index)
        if key not in self.tasks:
            self.tasks[key] = DaskTask(key, itemgetter(slot.index), TaskRef((self.name, slot.task)))
        return key, None

    def _unwanted(self, task: int, slots: Sequence[Slot]) -> int:
        types = self.plan.tasks[task].body.output_types
        wanted = {slot.index for slot in slots if isinstance(slot, TaskOutput) and slot.task == task}
        return sum(t.nbytes for n, t in enumerate(types) if n not in wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Constant:
    """An argument that is a value, not a key."""

    value: Any
