"""explain: what a call of a function would run, as a report; nothing of it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...graph.graph import Graph
from ...reports.describe import ExecutorFacts, described
from ...reports.description import Scaling
from ...reports.report import Report
from ...reports.simulate import makespan
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.executors.cutting import prepared
from ...scheduler.machine.profile import this_machine
from ...scheduler.planning.target import Target
from ..executors import Where
from ..preparing.courses import plan_of
from ..verbs.call import called
from ..watching import watching

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
    Example:
        >>> report = bp.explain(bp.grad(lambda x: np.sum(np.sin(x))), np.ones(3))
        >>> "not parallel" in report
        True
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
    known = [plan_of(executor, graph).machine or machine for graph in graphs]
    for kind, overhead, shares in (("threads", this_machine().machine.task_s, True), ("processes", PROCESS_S, False)):
        for workers in COUNTS:
            targets = [Target(workers, overhead, rates, shares) for rates in known]
            pairs = zip(graphs, targets, strict=True)
            plans = [replace(prepared(graph, target), machine=target.machine) for graph, target in pairs]
            here = described(plans, ExecutorFacts("", "", workers, shares, overhead, machine))
            found.append(Scaling(kind, workers, makespan(here.loads(), workers, overhead)))
    return found
