"""Running the tasks of a plan in this process: their programs, what records them, and the quick way of a single one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...graph.graph import Graph
from ...graph.written import by_lines
from ...ops.core.cache import cached
from ..events import Recorder, TaskFinished, TaskStarted
from ..machine.blas import blas_threads as blas
from ..planning.plan import Plan, PlanInput
from ..planning.spent import spent
from ..programs.interpreter import runner_of
from .readiness import run_in_order


@cached()
def programs(plan: Plan) -> tuple[Callable[..., tuple[Any, ...]], ...]:
    """The program of each task of a plan."""
    shared = Counter([id(task.body) for task in plan.tasks])
    pairs = zip(plan.tasks, spent(plan), strict=True)
    return tuple([_runner(task.body, task.name, task.seconds * shared[id(task.body)], own) for task, own in pairs])


def _by_name(body: Graph, name: str, seconds: float, own: frozenset[int]) -> tuple[object, ...]:
    return by_lines(body, name, own)


@cached(_by_name)
def _runner(body: Graph, name: str, seconds: float, own: frozenset[int]) -> Callable[..., tuple[Any, ...]]:
    """What runs a task; a plan whose predictions were corrected goes on with the programs that it had."""
    return runner_of(body, name, seconds, own)


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentedProgram:
    """A program that tells a recorder when it starts and ends.

    Arguments:
        program: what runs.
        task: its index in the plan.
        name: its name.
        recorder: who is told.
    """

    program: Callable[..., tuple[Any, ...]]
    task: int
    name: str
    recorder: Recorder

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """Run, and tell."""
        worker, start, ran = threading.current_thread().name, time.perf_counter(), time.thread_time()
        self.recorder.record(TaskStarted(self.task, self.name, worker, start))
        error = ""
        try:
            return self.program(*values)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            seconds, end = time.thread_time() - ran, time.perf_counter()
            waited = max(0.0, end - start - seconds)
            self.recorder.record(TaskFinished(self.task, self.name, worker, end, end - start, error, waited))


def runners(plan: Plan, recorder: Recorder | None) -> Sequence[Callable[..., tuple[Any, ...]]]:
    """What runs each task of a plan in this process."""
    plain = programs(plan)
    if recorder is None:
        return plain
    return [InstrumentedProgram(run, k, plan.tasks[k].name, recorder) for k, run in enumerate(plain)]


def run_inline(plan: Plan, values: Sequence[Any], recorder: Recorder | None) -> tuple[Any, ...]:
    """The results of a plan, its tasks run one after the other in this thread.

    Arguments:
        plan: the plan.
        values: of its inputs, which have entered.
        recorder: takes the events of the run; None for nobody.
    """
    return run_in_order(plan, values, runners(plan, recorder))


class Recording(Protocol):
    """What may have a recorder, as executors do."""

    @property
    def recorder(self) -> Recorder | None:
        """Takes the events of each run; None for nobody."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SingleTask:
    """A plan of a single task as something to call with an executor, whose recorder is told, and values that fit.

    Arguments:
        program: of the task.
        name: of the task.
        rows: runs of rows that the task reads, each of which value.
        args: for each of its arguments, which value it is; behind the values are those rows.
        outputs: for each output, which result it is; below zero, which value, counted from the end.
        blas_threads: the threads of BLAS.
    """

    program: Callable[..., tuple[Any, ...]]
    name: str
    rows: tuple[tuple[int, slice], ...]
    args: tuple[int, ...]
    outputs: tuple[int, ...]
    blas_threads: int | None

    def __call__(self, executor: Recording, values: Sequence[Any]) -> Sequence[Any]:
        """The results of the plan."""
        told = executor.recorder
        program = self.program if told is None else InstrumentedProgram(self.program, 0, self.name, told)
        given = [*values, *[values[k][rows] for k, rows in self.rows]] if self.rows else values
        with blas(self.blas_threads):
            results = program(*[given[k] for k in self.args])
        return [results[k] if k >= 0 else values[k] for k in self.outputs]


@cached()
def single_task(plan: Plan, blas_threads: int | None) -> SingleTask | None:
    """A plan of a single task as something to call; None for any other plan, and where a result is rows of an input.

    Arguments:
        plan: the plan.
        blas_threads: the threads of BLAS.
    """
    if len(plan.tasks) != 1:
        return None
    (task,) = plan.tasks
    if any(isinstance(slot, PlanInput) and slot.rows for slot in plan.outputs):
        return None
    given = len(plan.inputs)
    cuts = [slot for slot in task.args if isinstance(slot, PlanInput) and slot.rows is not None]
    args = [given + cuts.index(slot) if slot in cuts else slot.index for slot in task.args]
    rows = [(slot.index, slice(*slot.rows)) for slot in cuts if slot.rows is not None]
    outputs = [slot.index - given if isinstance(slot, PlanInput) else slot.index for slot in plan.outputs]
    return SingleTask(programs(plan)[0], task.name, tuple(rows), tuple(args), tuple(outputs), blas_threads)
