"""What an executor is: something that runs a plan on values, with the same bits and the same errors as any other.

All of them run the same compiled programs on the same layout: values are made C-contiguous at entry, and checked
against the types that the plan was made for.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...errors import Source
from ...graph.cache import remembered
from ...graph.graph import Graph
from ..entry import entered as entered
from ..entry import fits as fits
from ..events import Recorder, TaskFinished, TaskStarted
from ..machine.blas import blas_threads as blas
from ..machine.cost import Machine
from ..machine.profile import this_machine
from ..planning.checks import verify_plan
from ..planning.partition import partition
from ..planning.plan import Plan, PlanInput
from ..planning.planner import make_plan
from ..programs.interpreter import runner_of
from .elsewhere import fetch_all
from .readiness import run_in_order


class AbstractExecutor(ABC):
    """Base of the executors.

    Arguments:
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs; what takes less is no task of its own.
        blas_threads: the threads of BLAS in a task; None leaves what the user has set, and gives up equal bits.
        recorder: takes the events of each run.
    """

    shares_gil = True
    """Whether all tasks run in one process."""

    def __init__(
        self, workers: int, overhead: float, blas_threads: int | None = 1, recorder: Recorder | None = None
    ) -> None:
        self.workers = workers
        self.overhead = overhead
        self.machine = this_machine().machine
        self.blas_threads = blas_threads
        self.recorder = recorder

    @abstractmethod
    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """The results of a plan.

        Arguments:
            plan: the plan.
            values: a value for each input, of its type.
        Returns:
            a value for each output; arrays are C-contiguous, and may share memory with inputs and each other.
        Errors:
            PlanError: a value that does not fit its type.
            Exception: what an op raised, with a note that names the op, the user's line and the task.
        """

    def located(self, values: Sequence[Any]) -> list[Any]:
        """What stands for values of Dask in a call.

        Arguments:
            values: futures, delayed objects, and dask arrays.
        Returns:
            for each a value, nested or not, whose leaves may be handles; for a dask array the Chunks along its first
            axis.
        """
        return fetch_all(values)

    def bound(self, plan: Plan) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """A plan as something to call again and again, with values that are known to fit and to be C-contiguous."""
        return partial(self.run, plan)

    def prepare(self, graph: Graph) -> Plan:
        """The plan of a graph for this executor, from a cache by the graph's content.

        Arguments:
            graph: the graph.
        Returns:
            its verified plan.
        """
        sources = tuple([node.source for node in graph.nodes])
        return prepared(graph, sources, self.workers, self.overhead, self.machine, self.shares_gil)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.workers})"


@remembered(lambda graph, *others: len(graph))
def prepared(
    graph: Graph,
    sources: tuple[Source | None, ...],
    workers: int,
    overhead: float,
    machine: Machine,
    shares_gil: bool,
) -> Plan:
    """The plan of a graph.

    Arguments:
        graph: the graph.
        sources: the lines of its nodes, so that equal graphs from different lines have plans of their own.
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs.
        machine: the rates that costs are estimated with.
        shares_gil: whether all tasks run in one process.
    Returns:
        the verified plan.
    """
    del sources
    return verify_plan(make_plan(graph, partition(graph, workers, overhead, machine, shares_gil), machine))


@remembered(lambda plan: sum([len(task.body) for task in plan.tasks]))
def programs(plan: Plan) -> tuple[Callable[..., tuple[Any, ...]], ...]:
    """The program of each task of a plan."""
    return tuple(runner_of(task.body, task.name) for task in plan.tasks)


# Running tasks in this process.


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
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
        worker, start = threading.current_thread().name, time.perf_counter()
        self.recorder.record(TaskStarted(self.task, self.name, worker, start))
        error = ""
        try:
            return self.program(*values)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            end = time.perf_counter()
            self.recorder.record(TaskFinished(self.task, self.name, worker, end, end - start, error))


def runners(plan: Plan, recorder: Recorder | None) -> Sequence[Callable[..., tuple[Any, ...]]]:
    """What runs each task of a plan in this process."""
    plain = programs(plan)
    if recorder is None:
        return plain
    return [Recorded(run, k, plan.tasks[k].name, recorder) for k, run in enumerate(plain)]


def run_inline(plan: Plan, values: Sequence[Any], recorder: Recorder | None) -> tuple[Any, ...]:
    """The results of a plan, its tasks run one after the other in this thread, on values that have entered."""
    return run_in_order(plan, values, runners(plan, recorder))


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """A plan of a single task as something to call with values that fit.

    Arguments:
        program: of the task.
        args: for each of its arguments, which value it is.
        outputs: for each output, which result it is; below zero, which value, counted from the end.
        blas_threads: the threads of BLAS.
    """

    program: Callable[..., tuple[Any, ...]]
    args: tuple[int, ...]
    outputs: tuple[int, ...]
    blas_threads: int | None

    def __call__(self, values: Sequence[Any]) -> Sequence[Any]:
        """The results of the plan."""
        with blas(self.blas_threads):
            results = self.program(*[values[k] for k in self.args])
        return [results[k] if k >= 0 else values[k] for k in self.outputs]


def alone(plan: Plan, blas_threads: int | None) -> Alone | None:
    """A plan of a single task that reads whole inputs as something to call; None for any other plan."""
    if len(plan.tasks) != 1:
        return None
    (task,) = plan.tasks
    args = [slot.index for slot in task.args if isinstance(slot, PlanInput) and slot.rows is None]
    if len(args) < len(task.args) or any(isinstance(slot, PlanInput) and slot.rows for slot in plan.outputs):
        return None
    given = len(plan.inputs)
    outputs = [slot.index - given if isinstance(slot, PlanInput) else slot.index for slot in plan.outputs]
    return Alone(programs(plan)[0], tuple(args), tuple(outputs), blas_threads)
