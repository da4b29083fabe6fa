"""explain and profile: what a call of a function would run, and what it took, as a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from ...errors import ArgumentError
from ...graph.graph import Graph
from ...graph.tracing.source_lines import user_line
from ...reports.describe import ExecutorFacts, Watched, described, measured, with_node_times
from ...reports.description import Description, Scaling
from ...reports.report import Report
from ...reports.simulate import makespan
from ...scheduler.executors.base import AbstractExecutor, prepared
from ...scheduler.machine.profile import this_machine
from ...scheduler.planning.plan import Plan
from ...scheduler.planning.target import Target
from ..executors import Where
from .call import called
from .evaluate import evaluate
from .node_times import node_times
from .run import plan_of, use
from .transformed import Transformed
from .watching import Seen, Timed, allocated, timed, watching

COUNTS = (1, 2, 4, 8, 16)
"""The numbers of threads, and of processes, that a report predicts."""

LONGEST = 50_000
"""Nodes above which a report predicts nothing for other numbers of workers, as cutting the graph takes seconds."""

PROCESS_S = 1e-3
"""Seconds that a task costs on a cluster of processes (docs/cluster.md)."""


def explain(f: Callable[..., Any], *args: Any, executor: Where | None = None) -> Report:
    """What a call of a function would run: work, span, tasks, predicted times, and why it is (not) parallel.

    Where values steer the function, the questions are answered, and their plans run; what comes after the last question
    does not run.

    Arguments:
        f: any function, also one made by grad and its kin.
        args: its arguments.
        executor: where it would run; None for the one of `with use(...)`.
    Returns:
        a Report; printing it gives text, times in milliseconds.
    Errors:
        whatever the function raises while it is traced.
    """
    with watching() as watch:
        call = called(f, args, executor=executor)
        graph = call.plain
    return report([seen.graph for seen in watch.seen] + [graph], call.executor)


def report(graphs: Sequence[Graph], executor: AbstractExecutor) -> Report:
    """The report of graphs that run one after the other.

    Arguments:
        graphs: after all passes.
        executor: where they would run.
    """
    plans = [plan_of(executor, graph) for graph in graphs]
    return Report(described(plans, facts(executor), scalings(graphs, executor)))


def profile(
    f: Callable[..., Any], *args: Any, repeat: int = 3, executor: Where | None = None, **kwargs: Any
) -> Report:
    """What calls of a function take: each task measured beside what was predicted, by line, op and worker.

    The function is called `repeat` times after a first call that is not counted, once more to find what it allocates,
    and the nodes of each task run once one after the other, to share the task's time among lines. Timing tasks costs a
    run some microseconds for each of them.

    Arguments:
        f: any function, also one made by grad and its kin or by compile; one of plain NumPy runs as `evaluate(f)` does.
        args: its arguments.
        repeat: how many calls are timed.
        executor: where to run; None for the one of `with use(...)`, or that of a compiled function.
        kwargs: its further arguments.
    Returns:
        a Report of the call of median length.
    Errors:
        ArgumentError: `repeat` is below 1, or nothing of the function runs here. Whatever the function raises.
    """
    if repeat < 1:
        raise ArgumentError(f"repeat is {repeat}", user_line(), "time one call at least")
    function = f if _is_ours(f) else evaluate(f)

    def call() -> Any:
        return function(*args, **kwargs)

    with use(executor) if executor is not None else nullcontext():
        call()
        runs = [timed(call) for _ in range(repeat)]
        return Report(_profiled(runs, timed(call, keeps_values=True), allocated(call)))


def _is_ours(f: Callable[..., Any]) -> bool:
    """Whether a function runs its plans itself, as what grad, evaluate and compile make does."""
    return isinstance(f, Transformed) or hasattr(f, "explain")


def _profiled(runs: Sequence[Timed], kept: Timed, peak: int) -> Description:
    """The description of runs; those that ran other plans than the last, as values steered otherwise, do not count."""
    same = [run for run in runs if _plans(run.seen) == _plans(kept.seen)] or [kept]
    if not kept.seen:
        raise ArgumentError("the function ran no plan", user_line(), "profile one of grad, evaluate or compile")
    executor = kept.seen[-1].executor
    plain = described(_plans(kept.seen), facts(executor), scalings([seen.graph for seen in kept.seen], executor))
    watched = [Watched(run.start, run.seconds, [seen.events for seen in run.seen]) for run in same]
    times = [time for seen in kept.seen for time in node_times(seen, plain)]
    return measured(with_node_times(plain, times), watched, peak)


def _plans(seen: Iterable[Seen]) -> list[Plan]:
    return [one.plan for one in seen]


def facts(executor: AbstractExecutor) -> ExecutorFacts:
    """What a description says of an executor."""
    target = executor.target
    name = type(executor).__name__
    return ExecutorFacts(repr(executor), name, target.workers, target.shares_gil, target.overhead, target.machine)


def scalings(graphs: Sequence[Graph], executor: AbstractExecutor) -> list[Scaling]:
    """What graphs would take on other numbers of threads and processes; nothing where they are very long."""
    if sum(map(len, graphs)) > LONGEST:
        return []
    machine, found = executor.machine, list[Scaling]()
    for kind, overhead, shares in (("threads", this_machine().machine.task_s, True), ("processes", PROCESS_S, False)):
        for workers in COUNTS:
            target = Target(workers, overhead, machine, shares)
            plans = [prepared(graph, target) for graph in graphs]
            here = described(plans, ExecutorFacts("", "", workers, shares, overhead, machine))
            found.append(Scaling(kind, workers, makespan(here.loads(), workers, overhead)))
    return found
