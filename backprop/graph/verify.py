"""What a well-formed graph is; run after trace, differentiate and every pass.

A node reads smaller ids, its type is the one that its op infers, and outputs exist. A failure is a bug of this package.
"""

from __future__ import annotations

from ..errors import BackpropError, VerifyError
from ..ops.types import NumericType, TupleType, ValueType
from .graph import Graph


def verify(graph: Graph, after: str = "build") -> Graph:
    """The graph itself.

    Arguments:
        graph: the graph to check.
        after: what made it, for the error.
    Errors:
        VerifyError: it is ill-formed; names the node.
    """
    for i, node in enumerate(graph.nodes, graph.first):
        if not all(0 <= j < i for j in node.inputs):
            raise VerifyError(f"after {after}, node %{i} ({node.op.name}) reads {node.inputs}", node.source)
        try:
            inferred = node.op.infer(*(graph.type_of(j) for j in node.inputs), **dict(node.params))
        except BackpropError as error:
            raise VerifyError(f"after {after}, node %{i} ({node.op.name}): {error}", node.source) from error
        if not same_type(inferred, node.type):
            raise VerifyError(f"after {after}, node %{i} ({node.op.name}) is {node.type}, not {inferred}", node.source)
    if not all(0 <= i < graph.first + len(graph) for i in graph.outputs):
        raise VerifyError(f"after {after}, the outputs {graph.outputs} are not all in the graph")
    return graph


def same_type(one: ValueType[object], other: ValueType[object]) -> bool:
    """Whether two types hold the same values: shape and dtype count, weakness does not."""
    if isinstance(one, NumericType) and isinstance(other, NumericType):
        return one.shape == other.shape and one.dtype == other.dtype
    if isinstance(one, TupleType) and isinstance(other, TupleType):
        return len(one.items) == len(other.items) and all(map(same_type, one.items, other.items))
    return one == other
