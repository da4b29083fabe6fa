"""evaluate: run a function, its independent branches in parallel; and how an explicit graph becomes a function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, TypeVar, overload

from ..graph.builder import Builder
from ..graph.graph import Graph
from ..graph.structure import unflatten
from ..graph.trace import trace
from ..scheduler.executors.base import AbstractExecutor
from .run import current, handed_out, plain, run_graph, runner, youngest

P = ParamSpec("P")
R = TypeVar("R")

Function: TypeAlias = Callable[..., Any] | Graph


@overload
def evaluate(f: Graph, executor: AbstractExecutor | None = None) -> Callable[..., Any]: ...
@overload
def evaluate(f: Callable[P, R], executor: AbstractExecutor | None = None) -> Callable[P, R]: ...
def evaluate(f: Function, executor: AbstractExecutor | None = None) -> Callable[..., Any]:
    """A function that computes the same as a function, its independent branches in parallel.

    Arguments:
        f: any function, or a Graph.
        executor: where to run; None for the one of `with use(...)`.
    """
    function = as_function(f)

    @functools.wraps(function)
    def evaluated(*args: Any, **kwargs: Any) -> Any:
        chosen = current(executor)
        traced = trace(function, args, kwargs, runner(chosen))
        results = run_graph(plain(traced.graph, tuple(traced.known)), traced.inputs, chosen)
        return unflatten(traced.output, handed_out(traced.graph.output_types, results, traced.values))

    return evaluated


def as_function(f: Function) -> Callable[..., Any]:
    """The function itself, or one that computes an explicit graph; several outputs make a tuple."""
    if not isinstance(f, Graph):
        return f
    graph = f

    def graph_function(*args: Any) -> Any:
        builder = youngest(args) or Builder()
        results = builder.inline(graph, args)
        return results[0] if len(results) == 1 else tuple(results)

    return graph_function
