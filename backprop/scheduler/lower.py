"""Plan + values -> a Dask graph; beside the executors the only place that knows Dask.

Names say what a task mostly does (`planning/task_kinds.py`), as dashboards learn and colour by them. Each task of the
plan is one `dask.task_spec.Task` with flat arguments, as references inside a container would not be dependencies, and
with its constants inline. Keys carry a token that is new for each run: a key that is used again would silently give its
old result. A task gives all its results in a tuple, of which readers pick theirs; where a reader on another machine
would be sent large results that it does not want, a small task picks for it.

Source: dask/_task_spec.py; distributed/scheduler.py.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import dask
from dask.task_spec import Task as DaskTask
from dask.task_spec import TaskRef

from ..graph.tracing.structures.structure import flatten
from ..ops.core.types import ValueType
from .entry import arrived
from .planning.plan import Plan, PlanInput, Slot, Task, TaskOutput
from .planning.task_kinds import TaskKind, task_kinds

Key: TypeAlias = tuple[str, int] | tuple[str, int, int]


class Pick(NamedTuple):
    """Where an argument is among those of a Dask task.

    Arguments:
        place: the position of what holds it.
        result: which result of a task it is; None for the whole.
        leaf: which leaf of a nested value it is; None for the whole.
        rows: the rows of it that are wanted; None for all.
        type: where the value was never seen by the one who asks, its type as it was told.
    """

    place: int
    result: int | None = None
    leaf: int | None = None
    rows: tuple[int, int] | None = None
    type: ValueType[Any] | None = None

    def of(self, given: Sequence[Any]) -> Any:
        """The argument, from what the Dask task was given."""
        value = given[self.place]
        if self.result is not None:
            value = value[self.result]
        if self.leaf is not None:
            value = flatten(value)[0][self.leaf]
        if self.type is not None:
            value = arrived(self.type, value)
        return value if self.rows is None else value[self.rows[0] : self.rows[1]]


class Made(NamedTuple):
    """An argument that its reader computes.

    Arguments:
        tasks: a Dask graph.
        key: the key of the argument in it.
    """

    tasks: dict[Any, Any]
    key: Hashable

    def value(self) -> Any:
        """The argument."""
        return dask.get(self.tasks, self.key)  # type: ignore[attr-defined, arg-type]


Picks: TypeAlias = tuple[Pick, ...]
Bind: TypeAlias = Callable[[int, Picks], tuple[Callable[..., Any], tuple[Any, ...]]]
"""(index of a task, picks of its arguments) -> (what its Dask task calls, what it is given before its arguments)."""


class Elsewhere(NamedTuple):
    """What stands for an argument that lies on the workers.

    Arguments:
        ref: a reference to what holds it: a Future, or a TaskRef.
        type: its type, as it was told.
        leaf: which leaf of that it is; None for the whole.
        rows: the rows of it that are wanted; None for all.
    """

    ref: Any
    type: ValueType[Any]
    leaf: int | None = None
    rows: tuple[int, int] | None = None


PICK = "bp-pick"
"""The name of tasks that take one result out of several."""

PREFIXES = (*[f"{kind.value}-" for kind in TaskKind], f"{PICK}-")

LARGE = 1 << 20
"""Bytes of unwanted results from which `split` picks with a task of its own."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A Dask graph.

    Arguments:
        tasks: by key.
        keys: what to ask for.
        picks: for each output of the plan that a task gives, where it is among the answers.
    """

    tasks: dict[Key, DaskTask]
    keys: tuple[Key, ...]
    picks: Picks

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
        return tuple(s.of(values) if isinstance(s, PlanInput) else next(picked) for s in plan.outputs)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a Dask task calls: picks the arguments of a runner, and calls it.

    Arguments:
        run: takes the arguments of the task's body.
        picks: where they are among the arguments of the Dask task.
    """

    run: Callable[..., tuple[Any, ...]]
    picks: Picks

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The results of the task."""
        return self.run(*picked_from(given, self.picks))


def calls(runners: Sequence[Callable[..., tuple[Any, ...]]]) -> Bind:
    """Dask tasks that call a runner each."""
    return lambda index, picks: (Call(runners[index], picks), ())


def picked_from(given: Sequence[Any], picks: Picks) -> list[Any]:
    """The values that picks point at; what the reader has to compute is computed once."""
    made = [value.value() if isinstance(value, Made) else value for value in given]
    return [pick.of(made) for pick in picks]


def task_of(key: object) -> int | None:
    """The index of the task of a plan that a key of its graph belongs to; None for any other key."""
    match key:
        case (str(name), int(index), *_) if name.startswith(PREFIXES):
            return index
        case _:
            return None


def new_token() -> str:
    """A token that no other run has; letters and digits only, as Dask reads groups off keys."""
    return uuid4().hex


def lower(
    plan: Plan,
    inputs: Mapping[PlanInput, Any] | Sequence[Any],
    bind: Bind,
    split: bool = False,
    token: str = "",
) -> Lowered:
    """The Dask graph of a plan.

    Arguments:
        plan: the plan.
        inputs: the values of the plan's inputs, or what stands for each argument that is one: a value, or Elsewhere.
        bind: what the Dask task of each task calls.
        split: whether readers may be on another machine.
        token: of the run; a fresh one by default.
    Returns:
        the graph, and how to read its answers.
    """
    lowering = _Lowering(plan, inputs, split, token or new_token())
    for index, task in enumerate(plan.tasks):
        lowering.add(index, task, bind)
    return lowering.lowered()


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """Takes one result of a task, and what the task tells behind its results: (result, what it tells)."""

    index: int

    def __call__(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        """The result, and what was told."""
        return results[self.index], results[-1]


class _Lowering:
    """A Dask graph in the making."""

    def __init__(self, plan: Plan, inputs: Mapping[PlanInput, Any] | Sequence[Any], split: bool, token: str) -> None:
        self.plan = plan
        self.inputs = inputs
        self.split = split
        self.token = token
        self.names = [f"{kind.value}-{token}" for kind in task_kinds(plan)]
        self.tasks: dict[Key, DaskTask] = {}

    def add(self, index: int, task: Task, bind: Bind) -> None:
        """Add a task of the plan.

        Arguments:
            index: of the task in the plan.
            task: the task.
            bind: from the index and what is picked of the arguments to what Dask calls.
        """
        key = (self.names[index], index)
        given, picks = self._arguments(task.args)
        function, before = bind(index, picks)
        self.tasks[key] = DaskTask(key, function, *before, *given)

    def lowered(self) -> Lowered:
        """The finished graph."""
        refs, picks = self._arguments([slot for slot in self.plan.outputs if isinstance(slot, TaskOutput)])
        return Lowered(self.tasks, tuple([ref.key for ref in refs]), picks)

    def _arguments(self, slots: Sequence[Slot]) -> tuple[list[Any], Picks]:
        """What a Dask task is given for some slots, each task's results once, and where each slot is among that."""
        given: list[Any] = []
        places: dict[Any, int] = {}
        picks: list[Pick] = []
        wanted = _wanted(slots)
        for slot in slots:
            if isinstance(slot, PlanInput):
                picks.append(self._input(slot, given, places))
                continue
            key, index = self._result(slot, wanted[slot.task])
            if key not in places:
                places[key] = len(given)
                given.append(TaskRef(key))
            picks.append(Pick(places[key], index))
        return given, tuple(picks)

    def _input(self, slot: PlanInput, given: list[Any], places: dict[Any, int]) -> Pick:
        value = self.inputs[slot] if isinstance(self.inputs, Mapping) else slot.of(self.inputs)
        if not isinstance(value, Elsewhere):
            given.append(value)
            return Pick(len(given) - 1)
        if value.ref.key not in places:
            places[value.ref.key] = len(given)
            given.append(value.ref)
        return Pick(places[value.ref.key], None, value.leaf, value.rows, value.type)

    def _result(self, slot: TaskOutput, wanted: set[int]) -> tuple[Key, int]:
        if not self.split or self._unwanted(slot.task, wanted) < LARGE:
            return (self.names[slot.task], slot.task), slot.index
        key = (f"{PICK}-{self.token}", slot.task, slot.index)
        if key not in self.tasks:
            self.tasks[key] = DaskTask(key, First(slot.index), TaskRef((self.names[slot.task], slot.task)))
        return key, 0

    def _unwanted(self, task: int, wanted: set[int]) -> int:
        types = self.plan.tasks[task].body.output_types
        return sum(t.nbytes for n, t in enumerate(types) if n not in wanted)


def _wanted(slots: Sequence[Slot]) -> dict[int, set[int]]:
    """Which results of each task are among some slots."""
    wanted: dict[int, set[int]] = {}
    for slot in slots:
        if isinstance(slot, TaskOutput):
            wanted.setdefault(slot.task, set()).add(slot.index)
    return wanted
