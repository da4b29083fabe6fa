"""What a well-formed graph is; run after trace, differentiate and every pass.

A node reads smaller ids, its type is the one that its op infers, and outputs exist. A failure is a bug of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ..errors import BackpropError, VerifyError
from ..ops.core.types import NumericType, TupleType, ValueType
from .graph import Graph, Node, same_nodes
from .weak_numbers import strong


def verify(graph: Graph, after: str = "build", known: Graph | None = None) -> Graph:
    """The graph itself.

    Arguments:
        graph: the graph to check.
        after: what made it, for the error.
        known: a well-formed graph; where this one begins with it, only the rest is checked.
    Errors:
        VerifyError: it is ill-formed; names the node.
    """
    skipped = 0 if known is None else _begins_with(graph, known)
    types = [*graph.inputs, *[node.type for node in graph.nodes[:skipped]]]
    seen: set[Any] = set()  # what has been inferred, types by their identity
    some_negative = min(chain.from_iterable([node.inputs for node in graph.nodes]), default=0) < 0
    for i, node in enumerate(graph.nodes[skipped:], graph.first + skipped):
        op, inputs, params, type, source = node
        try:
            operands = [types[j] for j in inputs]
        except IndexError:
            operands = []
        if len(operands) != len(inputs) or (some_negative and min(inputs, default=0) < 0):
            raise VerifyError(f"after {after}, node %{i} ({op.name}) reads {inputs}", source)
        key = (op, params, id(type), *map(id, operands))
        if key not in seen:
            _verify_type(node, operands, f"after {after}, node %{i} ({op.name})")
            seen.add(key)
        types.append(type)
    if not all(0 <= i < graph.first + len(graph) for i in graph.outputs):
        raise VerifyError(f"after {after}, the outputs {graph.outputs} are not all in the graph")
    return graph


def _begins_with(graph: Graph, known: Graph) -> int:
    """The number of nodes of a graph at the start of another one, 0 where it does not stand there."""
    count = len(known)
    return count if graph.inputs == known.inputs and same_nodes(graph.nodes[:count], known.nodes) else 0


def _verify_type(node: Node, types: Sequence[ValueType[Any]], where: str) -> None:
    try:
        inferred = node.op.infer(*types, **dict(node.params))
        if not same_type(inferred, node.type):  # values are strongly typed, and a pass may have dropped a cast to that
            inferred = node.op.infer(*map(strong, types), **dict(node.params))
    except BackpropError as error:
        raise VerifyError(f"{where}: {error}", node.source) from error
    if not same_type(inferred, node.type):
        raise VerifyError(f"{where} is {node.type}, not {inferred}", node.source)


def same_type(one: ValueType[object], other: ValueType[object]) -> bool:
    """Whether two types hold the same values: shape and dtype count, weakness does not."""
    if isinstance(one, NumericType) and isinstance(other, NumericType):
        return one.shape == other.shape and one.dtype == other.dtype
    if isinstance(one, TupleType) and isinstance(other, TupleType):
        return len(one.items) == len(other.items) and all(map(same_type, one.items, other.items))
    return one == other
