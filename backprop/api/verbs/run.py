"""How the verbs run a graph: in the trace that its values belong to, or on an executor.

Plans are cached by the content of graphs, so that a function traced anew at every call is planned once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from ...graph.graph import Graph, Ids, NodeId
from ...graph.ownership import apart
from ...graph.tracing.steering import Owner, Run
from ...graph.tracing.structures.structure import restore
from ...graph.tracing.var import Var
from ...ops.core.types import ValueType
from ...scheduler.entry import entered
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.executors.telling import Way, told_if_long
from ...scheduler.machine.blas import blas_threads
from ...scheduler.planning.plan import Plan
from ...scheduler.tape.first_runs import AT_ONCE, first_reading, seen
from ...scheduler.tape.running import gradient
from .. import preparing
from ..executors import Where, executor_of
from ..watching import observer
from .telling import told_of_tape

_CURRENT: ContextVar[Where] = ContextVar("executor", default="auto")


@contextmanager
def use(executor: Where) -> Iterator[AbstractExecutor]:
    """Run what stands in a `with` block on an executor, unless a call names another.

    Arguments:
        executor: an executor such as Serial(), Threads(n), Cluster(...) or Auto(); a word: "serial", "threads",
            "threads:2", "auto", "cluster", "cluster:2"; the address of a scheduler ("tcp://host:8786") or of a service
            ("https://host:7654"); or a `distributed.Client`. Every `executor=` takes the same.
    Errors:
        ArgumentError: something else.
    Example:
        >>> with bp.use("threads:2"):
        ...     bp.grad(lambda x: x * x)(3.0)
        6.0
    """
    chosen = executor_of(executor)
    token = _CURRENT.set(chosen)
    try:
        yield chosen
    finally:
        _CURRENT.reset(token)


def current(executor: Where | None = None) -> AbstractExecutor:
    """The executor that is meant, or where it is None the one of the innermost `with use(...)`."""
    return executor_of(_CURRENT.get() if executor is None else executor)


def replay_graph(graph: Graph, values: Sequence[Any], executor: AbstractExecutor) -> Sequence[Any]:
    """The results of a graph that runs again and again.

    Arguments:
        graph: the graph, after passes.
        values: plain values of its inputs.
        executor: where it runs.
    """
    return _run(_again, graph, values, executor)


def run_graph(graph: Graph, values: Sequence[Any], executor: AbstractExecutor) -> Sequence[Any]:
    """The results of a graph.

    Arguments:
        graph: the graph, after passes.
        values: of its inputs; where Vars are among them, the graph becomes a part of theirs.
        executor: where to run it else.
    """
    builder = youngest(values)
    if builder is not None:
        return builder.inline(graph, values)
    return _run(_once, graph, values, executor)


def _run(way: Way, graph: Graph, values: Sequence[Any], executor: AbstractExecutor) -> Sequence[Any]:
    """The results of a graph for plain values, run in some way; who watches is told.

    Arguments:
        way: how its plan is run, `_once` or `_again`.
        graph: the graph, after passes.
        values: of its inputs.
        executor: where it runs.
    """
    course, told = preparing.course_of(executor, graph), observer()
    if told is None:
        return course.run(way, executor, values)
    flat = preparing.inline_branches(graph)
    return told.run(partial(told_if_long, way), flat, executor.fitted(course.plan, values), values, executor)


def _once(executor: AbstractExecutor, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
    return executor.run(plan, values)


def _again(executor: AbstractExecutor, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
    return executor.bound(plan)(entered(plan, values))


def run_joint(
    graph: Graph, wrt: Ids, known: Mapping[NodeId, Any], values: Sequence[Any], executor: AbstractExecutor
) -> Sequence[Any]:
    """The outputs of a graph and the gradient of the first, at once where the graph is new.

    Arguments:
        graph: the graph.
        wrt: ids of the inputs to differentiate by.
        known: values of nodes that are known already.
        values: of the inputs.
        executor: where to run.
    """
    given = [*values, *known.values()]
    if not executor.answers_at_once or youngest(given) is not None or observer() is not None:
        return run_graph(preparing.joint(graph, wrt, tuple(known)), given, executor)
    reading = first_reading(graph, wrt, values, executor.target)
    if reading is not None:
        with blas_threads(executor.blas_threads), told_of_tape(reading):
            found = gradient(reading, wrt, values, known)
        if found is not None:
            return found
        seen(graph, wrt, executor.target).last = AT_ONCE  # as the tape cannot answer
    return run_graph(preparing.joint(graph, wrt, tuple(known)), given, executor)


def runner(executor: AbstractExecutor) -> Run:
    """What runs the part of a graph that a value is asked of."""
    return lambda graph, values: run_graph(preparing.plain(graph), values, executor)


def youngest(values: Sequence[Any]) -> Owner | None:
    """The builder of the innermost trace that values belong to."""
    builders = [value.builder for value in values if isinstance(value, Var)]
    return max(builders, key=lambda builder: builder.born, default=None)


def handed_out(types: Sequence[ValueType[Any]], values: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """Results as the user gets them: of the expected class, and sharing memory with nothing.

    Arguments:
        types: the types of the results.
        values: the results.
        inputs: values that stay in use.
    """
    restored = [v if isinstance(v, Var) else restore(t, v) for t, v in zip(types, values, strict=True)]
    return apart(restored, inputs)
