"""Bodies: what a function does with values that are not known yet, as the graph that an op with bodies holds.

The function runs on Vars without values. Arrays and outer Vars that it captures become further inputs, as in a trace;
the op gets them as further operands. What it computes of captured Vars alone is a part of the body too, where `outer`
says which trace it stands in; in a loop it is not: there it is computed once, before. In results, and in what is handed
from step to step, every number is a value, so that a branch may return 0, and a loop may count; any other static leaf
must be the same in all bodies of an op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import AssignmentError, GraphTypeError
from ...ops.core.types import ValueType, type_of
from ..graph import Graph
from ..verify import same_type
from ..weak_numbers import as_type, follows
from .boundary.failures import plainly
from .builder import Builder
from .current import tracing
from .memory.handles import written
from .source_lines import user_line
from .steering import Owner, Run
from .structures.structure import Static, Structure, flatten, unflatten
from .var import Var


@dataclass(frozen=True, slots=True)
class TracedBody:
    """A function as a body."""

    graph: Graph  # (arguments, captured) -> results
    captured: tuple[Any, ...]
    output: Structure


def trace_body(
    f: Callable[..., Any],
    arguments: Structure,
    types: Sequence[ValueType[Any]],
    run: Run,
    outer: Owner | None = None,
) -> TracedBody:
    """What a function does with values of some types.

    Arguments:
        f: the function.
        arguments: the structure of its positional arguments.
        types: of their leaves.
        run: runs a graph on values, where the function asks for a value that depends on captured ones only.
        outer: what the node belongs to; its nodes become those of the body meanwhile.
    Errors:
        TracedConversionError: it asks for a value that depends on its arguments.
        AssignmentError: it writes to an argument in place.
    """
    outer = _innermost(outer)
    builder = Builder(lambda graph, values: _outside(outer, run, graph, values))
    variables = [builder.input(type) for type in types]
    try:
        with _inside(outer, builder), tracing(builder), plainly(builder):
            leaves, output = with_numbers(f(*unflatten(arguments, variables)))
            ids = [builder.lift(leaf).id for leaf in leaves]
            wrote = written(variables)
    finally:
        builder.closed = True
        builder.guard.release()
    refuse_written(outer is not None and bool(wrote))
    graph, inputs = builder.build(ids)
    return TracedBody(graph, tuple(builder.values[i] for i in inputs[len(types) :]), output)


def refuse_written(wrote: bool) -> None:
    """Raise where a function that becomes a part of a graph has written to an argument in place."""
    if wrote:
        raise AssignmentError(
            "a function that is a part of a graph wrote to its argument in place, which its caller would not see",
            user_line(),
            "return the new value, or write to a copy, v.copy()",
        )


def _innermost(builder: Owner | None) -> Owner | None:
    while builder is not None and builder.inner is not None:
        builder = builder.inner
    return builder


@contextmanager
def _inside(outer: Owner | None, inner: Owner | None) -> Iterator[None]:
    """Meanwhile the nodes of one builder go to another."""
    before = None if outer is None else outer.inner
    if outer is not None:
        outer.inner = inner
    try:
        yield
    finally:
        if outer is not None:
            outer.inner = before


def _outside(outer: Owner | None, run: Run, graph: Graph, values: Sequence[Any]) -> Sequence[Any]:
    """Run a graph of captured values, for a question about one, outside of the body."""
    with _inside(outer, None):
        return run(graph, values)


def with_numbers(tree: Any) -> tuple[list[Any], Structure]:
    """A nested value's leaves and structure, as `flatten`, but with integers and booleans among the leaves."""
    values, structure = flatten(tree)
    rest = iter(values)
    leaves: list[Any] = []
    kinds: list[ValueType[Any] | Static] = []
    for kind in structure.leaves:
        if not isinstance(kind, Static):
            leaves.append(next(rest))
        elif isinstance(kind.value, np.generic) or type(kind.value) in (bool, int):
            leaves.append(kind.value)
            kind = type_of(kind.value)
        kinds.append(kind)
    return leaves, Structure(structure.spec, tuple(kinds))


def alike(one: Structure, other: Structure) -> bool:
    """Whether two structures differ in the types of their dynamic leaves at most."""
    return one.spec == other.spec and all(
        a == b if isinstance(a, Static) or isinstance(b, Static) else True
        for a, b in zip(one.leaves, other.leaves, strict=True)
    )


def agree(op: str, bodies: Sequence[TracedBody], arguments: int) -> tuple[tuple[Graph, ...], tuple[Any, ...]]:
    """Bodies that stand for each other: graphs of the same inputs and result types, and the captured values.

    Arguments:
        op: the name of what is made, for the error.
        bodies: of functions of the same arguments.
        arguments: how many inputs are arguments; the others are captured.
    Errors:
        GraphTypeError: results of unequal structure or type, with the user's line.
    """
    first = bodies[0]
    for k, body in enumerate(bodies):
        if not alike(first.output, body.output):
            raise _disagree(op, k, f"{body.output.spec}", f"{first.output.spec}")
    captured = {_identity(value): value for body in bodies for value in body.captured}
    places = {key: arguments + k for k, key in enumerate(captured)}
    types = [_common(op, results) for results in zip(*(body.graph.output_types for body in bodies), strict=True)]
    inputs = [value.type if isinstance(value, Var) else type_of(value) for value in captured.values()]
    graphs = []
    for body in bodies:
        chosen = [*range(arguments), *(places[_identity(value)] for value in body.captured)]
        graphs.append(rebuilt(body.graph, (*body.graph.inputs[:arguments], *inputs), chosen, types))
    return tuple(graphs), tuple(captured.values())


def _identity(value: Any) -> tuple[int, ...]:
    return (id(value.builder), value.id) if isinstance(value, Var) else (id(value),)


def _common(op: str, types: Sequence[ValueType[Any]]) -> ValueType[Any]:
    """The type that all bodies return: weak ones follow the strong ones."""
    strong = [t for t in types if not getattr(t, "weak", False)]
    wanted = strong[0] if strong else types[0]
    for k, t in enumerate(types):
        if not (same_type(t, wanted) or follows(t, wanted)):
            raise _disagree(op, k, str(t), str(wanted))
    return wanted


def _disagree(op: str, k: int, what: str, wanted: str) -> GraphTypeError:
    return GraphTypeError(
        f"the functions of {op} return different things: number {k} returns {what}, another one {wanted}",
        user_line(),
        "return the same structure, shapes and dtypes from each, such as numpy.zeros_like(x) for no result",
    )


def rebuilt(graph: Graph, inputs: Sequence[Any], places: Sequence[int], types: Sequence[ValueType[Any]]) -> Graph:
    """The graph with more inputs, its own at some places among them, and results of some dtypes.

    Arguments:
        graph: the graph.
        inputs: the types of the new inputs.
        places: for each input of the graph, which of the new ones it is.
        types: of the results, which are cast to them.
    """
    builder = Builder()
    variables = [builder.input(t) for t in inputs]
    results = builder.inline(graph, [variables[place] for place in places])
    return builder.build([as_type(var, t).id for var, t in zip(results, types, strict=True)])[0]
