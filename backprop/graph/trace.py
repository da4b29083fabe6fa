"""Trace: run a Python function on Vars, and keep what it did as a graph.

The function gets real instances of the user's classes with Vars as leaves, so that attributes, methods and `match`
work as ever. Arrays that the function captures become further inputs of the graph, so that a graph's content does not
depend on data, and a plan made for one batch serves the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .builder import Builder, Run
from .graph import Graph
from .structure import Structure, flatten, unflatten


@dataclass(frozen=True, slots=True)
class Trace:
    """What a traced function did with its arguments."""

    graph: Graph
    values: tuple[Any, ...]  # of the graph's inputs: the arguments' leaves, then what was captured
    arguments: Structure  # of (args, kwargs)
    output: Structure
    asked: tuple[tuple[int, Any], ...]  # which ids steered the function, and the answers it got
    known: Mapping[int, Any]  # values of ids that were computed on the way

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The values of the graph's inputs, and then those that are known."""
        return (*self.values, *self.known.values())


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
    values, arguments = flatten((tuple(args), dict(kwargs)))
    builder = Builder(run)
    types = arguments.types
    variables = [builder.input(t, "", value) for t, value in zip(types, values, strict=True)]
    inner_args, inner_kwargs = unflatten(arguments, variables)
    try:
        result = f(*inner_args, **inner_kwargs)
        leaves, output = flatten(result)
        ids = [builder.lift(leaf).id for leaf in leaves]
        graph, inputs = builder.build(ids)
        place = _places(builder, inputs) if builder.asked else {}
    finally:
        builder.closed = True
    return Trace(
        graph,
        tuple(builder.values[i] for i in inputs),
        arguments,
        output,
        tuple((place[i], answer) for i, answer in builder.asked),
        {place[i]: value for i, value in builder.values.items() if i in place and builder.nodes[i] is not None},
    )


def _places(builder: Builder, inputs: list[int]) -> dict[int, int]:
    """The id in the built graph of each id of the builder."""
    rest = (i for i, node in enumerate(builder.nodes) if node is not None)
    return {i: k for k, i in enumerate([*inputs, *rest])}
