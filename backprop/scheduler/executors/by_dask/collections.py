"""A plan as Dask tasks that nobody has started: for results that are Dask collections.

Each task of the plan is one Dask task, and each result one more, which gives the value as users expect it. Where a
value that a task reads is elsewhere, the task names it as a dependency, or makes it inside. Nothing is sent before Dask
is asked to compute; a program travels as its source, and is compiled once in each process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dask.task_spec import DataNode, TaskRef
from dask.task_spec import Task as DaskTask
from distributed.protocol import pickle

from ....graph.handle import Handle
from ....graph.tracing.structures.structure import restore
from ....ops.core.types import ValueType
from ...entry import entered
from ...lower import Bind, Call, Key, Pick, lower
from ...machine.blas import blas_threads as blas
from ...planning.plan import Plan, PlanInput
from ..cluster.data.arguments import prepared
from ..cluster.remote import Program


@dataclass(frozen=True, slots=True)
class Run:
    """Runs a program with some threads of BLAS.

    Arguments:
        program: the program, as its source.
        blas_threads: None leaves what the process has.
    """

    program: Program
    blas_threads: int | None

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The results."""
        with blas(self.blas_threads):
            return self.program.compiled()(*values)


@dataclass(frozen=True, slots=True)
class Result:
    """Takes one result of a task, as users expect a value of its type.

    Arguments:
        type: of the result.
        pick: which one it is.
    """

    type: ValueType[Any]
    pick: Pick

    def __call__(self, *given: Any) -> Any:
        """The result."""
        return restore(self.type, self.pick.of(given))


def collected(
    plan: Plan, values: Sequence[Any], types: Sequence[ValueType[Any]], names: Sequence[Key], blas_threads: int | None
) -> tuple[dict[Any, Any], list[Any]]:
    """The Dask tasks that compute the results of a plan.

    Arguments:
        plan: the plan, without host-pinned tasks.
        values: a value or a handle for each of its inputs.
        types: of its results, as users expect them.
        names: the key of each result.
        blas_threads: the threads of BLAS in a task.
    Returns:
        the tasks that results are made of, and the task of each result.
    """
    given = entered(plan, values)
    inputs, tasks = prepared(plan, given)
    ready = lower(plan, inputs, _bind(plan, blas_threads), split=False)
    picks = iter(ready.picks)
    results = []
    for slot, type, name in zip(plan.outputs, types, names, strict=True):
        if isinstance(slot, PlanInput):
            results.append(_input(name, type, given, slot))
        else:
            pick = next(picks)
            results.append(DaskTask(name, Result(type, pick._replace(place=0)), TaskRef(ready.keys[pick.place])))
    return {**tasks, **ready.tasks}, results


def _bind(plan: Plan, blas_threads: int | None) -> Bind:
    programs = [Program(pickle.dumps(task.body), task.name) for task in plan.tasks]  # type: ignore[no-untyped-call]
    return lambda index, picks: (Call(Run(programs[index], blas_threads), picks), ())


def _input(name: Key, type: ValueType[Any], given: Sequence[Any], slot: PlanInput) -> Any:
    value = given[slot.index]
    if not isinstance(value, Handle):
        return DataNode(name, restore(type, slot.of(given)))
    ref = value.key if not value.home.graph() else TaskRef(value.key)
    return DaskTask(name, Result(type, Pick(0, None, value.leaf, slot.rows)), ref)
