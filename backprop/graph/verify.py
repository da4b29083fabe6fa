"""What a well-formed graph is; run after trace, differentiate and every pass.

A node reads smaller ids, its type is the one that its op infers, and outputs exist. A failure is a bug of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import BackpropError, VerifyError
from ..ops.types import NumericType, TupleType, ValueType
from .graph import Graph, Node


def verify(graph: Graph, after: str = "build") -> Graph:
    """The graph itself.

    Arguments:
        graph: the graph to check.
        after: what made it, for the error.
    Errors:
        VerifyError: it is ill-formed; names the node.
    """
    types: list[ValueType[object]] = list(graph.inputs)
    seen: set[Any] = set()  # what has been inferred, types by their identity
    for i, node in enumerate(graph.nodes, graph.first):
        op, inputs, params, type, source = node
        if inputs and not 0 <= min(inputs) <= max(inputs) < i:
            raise VerifyError(f"after {after}, node %{i} ({op.name}) reads {inputs}", source)
        key = (op, params, id(type), *[id(types[j]) for j in inputs])
        if key not in seen:
            _verify_type(node, [types[j] for j in inputs], f"after {after}, node %{i} ({op.name})")
            seen.add(key)
        types.append(type)
    if not all(0 <= i < graph.first + len(graph) for i in graph.outputs):
        raise VerifyError(f"after {after}, the outputs {graph.outputs} are not all in the graph")
    return graph


def _verify_type(node: Node, types: Sequence[ValueType[object]], where: str) -> None:
    try:
        inferred = node.op.infer(*types, **dict(node.params))
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
