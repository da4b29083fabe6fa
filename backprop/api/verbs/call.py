"""The skeleton of every verb: a call of a function is traced, graphs made of the trace are run, results handed out.

A verb chooses the graph and says what its results are; where it runs, what steered the trace, and who owns which memory
is settled here. No verb lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import optree

from ...graph.graph import Graph, Ids, NodeId
from ...graph.tracing.structures.structure import Structure, unflatten
from ...graph.tracing.trace import Recording, Trace, flattened_call, record, traced
from ...ops.core.types import ValueType
from ...scheduler.executors.base import AbstractExecutor
from .. import preparing
from ..elsewhere.opening import opened_call
from ..executors import Where
from .arguments import Argnums, Picks, pick
from .run import current, handed_out, run_graph, runner


class Request(NamedTuple):
    """A call that has not been traced: its arguments are opened, and where it runs is settled.

    Attributes:
        function: what is called.
        args, kwargs: its arguments: values, handles and containers of them.
        leaves, spec: of (args, kwargs), taken apart once for all.
        executor: where its graphs run.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    leaves: list[Any]
    spec: optree.PyTreeSpec
    executor: AbstractExecutor

    def flat(self) -> tuple[list[Any], Structure]:
        """The dynamic leaves of the arguments, and their structure."""
        return flattened_call(self.function, self.args, self.kwargs, self.leaves, self.spec)

    def trace(self) -> Trace:
        """What the function does."""
        return traced(self.record())

    def record(self, known: Mapping[NodeId, Any] = MappingProxyType({})) -> Recording:
        """What the function does, as a builder holds it, with values that are known from an earlier recording."""
        return record(self.function, *self.flat(), runner(self.executor), known)


@dataclass(frozen=True, slots=True)
class Call:
    """A traced call.

    Attributes:
        function: what was called.
        traced: what it did with its arguments.
        executor: where its graphs run.
    """

    function: Callable[..., Any]
    traced: Trace
    executor: AbstractExecutor

    @property
    def graph(self) -> Graph:
        """What the function did; its inputs are the arguments' leaves and what was captured."""
        return self.traced.graph

    @property
    def known(self) -> Ids:
        """The nodes whose values steered the function, and what they needed; they are given to graphs as inputs."""
        return tuple(self.traced.known)

    @property
    def plain(self) -> Graph:
        """The graph of the function's value."""
        return preparing.plain(self.graph, self.known)

    @property
    def count(self) -> int:
        """How many results of a graph make up the function's value."""
        return len(self.graph.outputs)

    def pick(self, argnums: Argnums) -> Picks:
        """The arguments to differentiate by; each has a derivative."""
        return pick(self.function, self.traced.arguments, argnums)

    def pick_all(self) -> Picks:
        """All positional arguments, also those without a derivative."""
        count = self.traced.arguments.spec.child(0).num_children
        return pick(self.function, self.traced.arguments, tuple(range(count)), lenient=True)

    def run(self, graph: Graph, further: Sequence[Any] = ()) -> list[Any]:
        """The results of a graph of this call's inputs.

        Arguments:
            graph: its inputs are those of the function's graph, then the known nodes, then further ones.
            further: the values of further inputs.
        """
        return list(run_graph(graph, [*self.traced.inputs, *further], self.executor))

    def hand_out(
        self, results: Sequence[Any], types: Sequence[ValueType[Any]] = (), in_use: Sequence[Any] = ()
    ) -> list[Any]:
        """Results as the user gets them; they share memory neither with arguments nor with each other.

        Arguments:
            results: those that make up the function's value, and others.
            types: the types of the others.
            in_use: values besides the arguments that stay in use.
        """
        return handed_out((*self.graph.output_types, *types), results, [*self.traced.values, *in_use])

    def value(self, leaves: Sequence[Any]) -> Any:
        """The function's value, put together from its leaves."""
        return unflatten(self.traced.output, leaves)

    def derivative(self, leaves: Sequence[Any]) -> Any:
        """What has the structure of the function's value, with None in the places of its static parts."""
        return unflatten(self.traced.output, leaves, lambda value: None)


def requested(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], executor: Where | None
) -> Request:
    """A call that is about to be traced, or to be replayed.

    Arguments:
        function: what is called.
        args, kwargs: its arguments, values of Dask among them.
        executor: where to run; None for the one of `with use(...)`.
    """
    chosen = current(executor)
    return Request(*opened_call(function, args, kwargs, chosen), chosen)


def called(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] = MappingProxyType({}),
    executor: Where | None = None,
) -> Call:
    """A call of a function, traced.

    Arguments:
        function: what is called.
        args, kwargs: its arguments.
        executor: where to run; None for the one of `with use(...)`.
    Errors:
        whatever the function raises.
    """
    request = requested(function, args, kwargs, executor)
    return Call(request.function, request.trace(), request.executor)
