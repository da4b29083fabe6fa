"""evaluate: run a function, its independent branches in parallel; and how an explicit graph becomes a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeAlias, TypeVar, overload

import numpy as np

from ...errors import ArgumentError, GraphTypeError, ShapeError
from ...graph.evaluate import evaluate as evaluate_graph
from ...graph.graph import Graph
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.var import Var
from ...graph.verify import same_type
from ...ops.core.types import NumericType, ScalarType, ValueType, type_of
from ...ops.elementwise.conversion import cast
from ..executors import Where
from .call import called
from .run import youngest
from .transformed import Transformed

P = ParamSpec("P")
R = TypeVar("R")

Function: TypeAlias = Callable[..., Any] | Graph


@overload
def evaluate(f: Graph, executor: Where | None = None) -> Callable[..., Any]: ...
@overload
def evaluate(f: Callable[P, R], executor: Where | None = None) -> Callable[P, R]: ...
def evaluate(f: Function, executor: Where | None = None) -> Callable[..., Any]:
    """A function that computes the same as a function, its independent branches in parallel.

    Arguments:
        f: any function, or a Graph.
        executor: where to run; None for the one of `with use(...)`.
    Example:
        >>> bp.evaluate(lambda x: np.sum(x * x), executor="threads:2")(np.ones(3))
        3.0
    """
    return Evaluated(as_function(f), executor)


class Evaluated(Transformed):
    """(*args) -> what the function returns, computed by an executor."""

    __slots__ = ("executor",)

    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value."""
        call = called(self.function, args, kwargs, self.executor)
        return call.value(call.hand_out(call.run(call.plain)))


def as_function(f: Function) -> Callable[..., Any]:
    """The function itself, or one that computes an explicit graph; several outputs make a tuple."""
    return GraphFunction(f) if isinstance(f, Graph) else f


class GraphFunction:
    """An explicit graph as a function of a value for each input."""

    __slots__ = ("_graph",)

    __name__ = "graph"

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __call__(self, *args: Any) -> Any:
        """The graph's result, or a tuple of them."""
        values = fitting(self._graph, args)
        builder = youngest(values)
        results = evaluate_graph(self._graph, values) if builder is None else builder.inline(self._graph, values)
        return results[0] if len(results) == 1 else tuple(results)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._graph,)


def fitting(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """A value for each input of a graph, of its type: numbers take its dtype, and arrays where that is a wider one.

    Errors:
        ArgumentError, ShapeError, GraphTypeError: arguments that do not fit the inputs.
    """
    names = [graph.names[i] if i < len(graph.names) else f"%{i}" for i in range(graph.first)]
    if len(args) != len(names):
        raise ArgumentError(
            f"a graph of {len(names)} inputs got {len(args)} arguments", user_line(), f"give ({', '.join(names)})"
        )
    return [_fitted(*given) for given in zip(names, args, graph.inputs, strict=True)]


def _fitted(name: str, arg: Any, type: ValueType[Any]) -> Any:
    found = arg.type if isinstance(arg, Var) else type_of(arg)
    if same_type(found, type) and not _weaker(found, type):
        return arg
    what, fix = f"the input {name} of the graph is {type}, and got {found}", f"pass a value {type}"
    if not isinstance(found, NumericType) or not isinstance(type, NumericType):
        raise GraphTypeError(what, user_line(), fix)
    if found.shape != type.shape:
        raise ShapeError(what, user_line(), fix)
    if not np.can_cast(found.dtype, type.dtype, "same_kind" if found.weak else "safe"):
        raise GraphTypeError(what, user_line(), fix)
    return cast(arg, dtype=type.dtype.name)


def _weaker(found: ValueType[Any], type: ValueType[Any]) -> bool:
    """Whether a Python number stands for a number of a dtype that holds among others."""
    return isinstance(found, ScalarType) and isinstance(type, ScalarType) and found.weak and not type.weak
