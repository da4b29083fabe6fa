"""explain: what a graph's plan looks like, and why it is (not) parallel, as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...graph.graph import Graph
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.planning.plan import Plan
from ..executors import Where
from .call import called
from .run import plan_of


def report(graph: Graph, executor: AbstractExecutor) -> str:
    """The plan of a graph on an executor, in words and figures.

    Arguments:
        graph: after all passes.
        executor: where it would run.
    """
    plan = plan_of(executor, graph)
    return "\n".join([*_summary(graph, plan, executor), *_tasks(plan)])


def explain(f: Callable[..., Any], *args: Any, executor: Where | None = None) -> str:
    """What a call of a function would run: work, span, tasks, predicted times, and why it is (not) parallel.

    Arguments:
        f: any function, also one made by grad and its kin.
        args: its arguments.
        executor: where it would run; None for the one of `with use(...)`.
    Returns:
        lines of text, times in milliseconds and sizes in megabytes.
    Errors:
        whatever the function raises while it is traced.
    """
    call = called(f, args, executor=executor)
    return report(call.plain, call.executor)


def _summary(graph: Graph, plan: Plan, executor: AbstractExecutor) -> list[str]:
    bound = max(plan.work / executor.workers, plan.span)
    return [
        f"{type(executor).__name__}: {executor.workers} workers, {len(graph)} nodes in {len(plan.tasks)} tasks",
        f"work (T1) {_ms(plan.work)}, span (Tinf) {_ms(plan.span)}, parallelism {plan.parallelism:.2f}",
        f"predicted: at least max(T1/P, Tinf) = {_ms(bound)}",
        _reason(plan, executor),
    ]


def _reason(plan: Plan, executor: AbstractExecutor) -> str:
    if len(plan.tasks) > 1:
        return f"parallel: independent branches are worth {len(plan.tasks)} tasks"
    if executor.workers == 1:
        return "not parallel: there is one worker"
    return "not parallel: splitting would gain less than a fifth of the time, or the work is less than a task's cost"


def _tasks(plan: Plan) -> list[str]:
    return [
        f"  task {k}: {task.name}, {len(task.body)} nodes, {_ms(task.seconds)}, {task.nbytes / 1e6:.2f} MB"
        for k, task in enumerate(plan.tasks)
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms"
