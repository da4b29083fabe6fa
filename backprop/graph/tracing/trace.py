"""Trace: run a Python function on Vars, and keep what it did as a graph.

The function gets real instances of the user's classes with Vars as leaves, so that attributes, methods and `match`
work as ever. Arrays that the function captures become further inputs of the graph, so that a graph's content does not
depend on data, and a plan made for one batch serves the next.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import optree

from ...errors import GraphTypeError
from ...ops.core.types import type_of
from ..graph import Graph, NodeId
from .boundary.failures import plainly
from .boundary.in_place import refuse_shared
from .builder import Builder
from .current import tracing
from .long_loops import point_out_long_loop
from .memory.handles import written
from .steering import Run
from .structures.structure import NAMESPACE, Structure, as_structure, flatten, taken_apart, unflatten


class Trace(NamedTuple):
    """What a traced function did with its arguments."""

    graph: Graph
    values: tuple[Any, ...]  # of the graph's inputs: the arguments' leaves, then what was captured
    arguments: Structure  # of (args, kwargs)
    output: Structure
    known: Mapping[NodeId, Any]  # values of ids that steered the function, and of what they needed
    wrote: bool  # whether the function wrote to an argument in place

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The values of the graph's inputs, and then those that are known."""
        return (*self.values, *self.known.values())


class Recording(NamedTuple):
    """A finished trace as its builder holds it."""

    builder: Builder
    arguments: Structure  # of (args, kwargs)
    output: Structure
    ids: tuple[NodeId, ...]  # of the dynamic leaves of the result
    wrote: bool  # whether the function wrote to an argument in place


def record(
    f: Callable[..., Any],
    values: Sequence[Any],
    arguments: Structure,
    run: Run | None,
    known: Mapping[NodeId, Any] = MappingProxyType({}),
) -> Recording:
    """Run a function on Vars.

    Arguments:
        f: the function.
        values: the dynamic leaves of its arguments.
        arguments: the structure of (args, kwargs).
        run: runs a graph on values, where the function asks for the value of a Var.
        known: values of ids, from an earlier recording that went the same way up to there.
    Errors:
        whatever `f` raises.
    """
    builder = Builder(run)
    builder.values.update(known)
    types = arguments.types
    try:
        variables = [builder.input(t, "", builder.guard.take(value)) for t, value in zip(types, values, strict=True)]
        inner_args, inner_kwargs = unflatten(arguments, variables)
        with tracing(builder), plainly(builder):
            leaves, output = flatten(f(*inner_args, **inner_kwargs))
        ids = tuple(builder.lift(leaf).id for leaf in leaves)
        wrote = written(variables)
        if wrote:
            refuse_shared([values[k] for k in wrote], [*values, *[value for value, _ in builder.captured.values()]])
    finally:
        builder.closed = True
        builder.guard.release()
    point_out_long_loop(builder.nodes)
    return Recording(builder, arguments, output, ids, bool(wrote))


def flatten_call(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], Structure]:
    """`flatten` of the arguments of a call, (args, kwargs).

    Arguments:
        f: the function that is called, which knows the names of its parameters.
        args, kwargs: its arguments.
    Returns:
        the dynamic leaves in order, and the structure.
    Errors:
        GraphTypeError: an array of a dtype that is not supported, with its path, such as `params.layers[2].b`.
    """
    return flattened_call(f, args, kwargs, *taken_apart((tuple(args), dict(kwargs))))


def flattened_call(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    leaves: Sequence[Any],
    spec: optree.PyTreeSpec,
) -> tuple[list[Any], Structure]:
    """`flatten_call` of a call whose arguments have been taken apart.

    Arguments:
        f, args, kwargs: the call.
        leaves, spec: what `taken_apart` found of (args, kwargs).
    Errors:
        GraphTypeError: as of `flatten_call`.
    """
    try:
        return as_structure(leaves, spec)
    except GraphTypeError as error:
        error.where = next((path for path, leaf in _paths(f, args, kwargs) if not _has_type(leaf)), None)
        raise


def _paths(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The leaves of the arguments of a call, with their paths."""
    names = parameters(f)[: len(args)]
    names += [f"args[{k}]" for k in range(len(names), len(args))]
    for name, arg in (*zip(names, args, strict=True), *kwargs.items()):
        accessors, leaves, _ = optree.tree_flatten_with_accessor(arg, namespace=NAMESPACE)
        yield from ((accessor.codify(name), leaf) for accessor, leaf in zip(accessors, leaves, strict=True))


def parameters(f: Callable[..., Any]) -> list[str]:
    """The names of a function's positional parameters, as far as it tells them."""
    try:
        found = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _has_type(leaf: Any) -> bool:
    try:
        return type_of(leaf) is not None
    except GraphTypeError:
        return False


def trace(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], run: Run | None) -> Trace:
    """What a function does with some arguments.

    Arguments:
        f: the function.
        args, kwargs: its arguments.
        run: runs a graph on values, where the function asks for the value of a Var.
    Returns:
        the graph, its inputs' values, and the structures of the arguments and of the result.
    Errors:
        whatever `f` raises.
    """
    return traced(record(f, *flatten_call(f, args, kwargs), run))


def traced(recording: Recording) -> Trace:
    """The graph of a recording, with the values that its inputs have."""
    builder = recording.builder
    graph, inputs = builder.build(recording.ids)
    values = tuple(builder.values[i] for i in inputs)
    rest = (i for i, node in enumerate(builder.nodes) if node is not None)
    places = enumerate(rest, len(inputs)) if builder.questions else ()
    known = {k: builder.values[i] for k, i in places if i in builder.values}
    return Trace(graph, values, recording.arguments, recording.output, known, recording.wrote)
