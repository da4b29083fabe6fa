"""The rule of one node as a graph of its own: what `differentiate` would emit for it, from types alone.

    (operands, result, cotangent of the result) -> (cotangents of the operands that have one)

A rule sees its operands' types and never their values, so that nodes of equal op, parameters and types are pulled back
by equal nodes. Who differentiates a graph that runs once need not write these nodes down again and again.

Limits: what the neighbours of a node decide is not in it. A node with a shortcut, a cotangent with a mask, and an op on
other values than arrays and numbers are for `differentiate`.
"""

from __future__ import annotations

from typing import NamedTuple

from ...errors import BackpropError
from ...ops.core.types import NumericType, ValueType
from ..graph import Graph, Node
from ..subgraph import needed
from ..tracing.builder import Builder
from .differentiate import ReversePass
from .masking.mask_flow import MAKERS, Part, part_of


class RuleGraph(NamedTuple):
    """A rule as a graph.

    Arguments:
        graph: its inputs are the operands, the result, and the cotangent of the result.
        positions: for each output, the operand whose cotangent it is.
        masked: for each output, whether it may have a mask, which the rule of what comes next has to know of.
        parts: for each output, where it lies among zeros, if that is all of its mask.
    """

    graph: Graph
    positions: tuple[int, ...]
    masked: tuple[bool, ...]
    parts: tuple[Part | None, ...]


def rule_graph(
    node: Node, types: tuple[ValueType[object], ...], active: tuple[bool, ...], cotangent: ValueType[object]
) -> RuleGraph | None:
    """The rule of a node as a graph; None where there is none.

    Arguments:
        node: the node; its ids do not count.
        types: of its operands.
        active: for each operand, whether its cotangent is wanted.
        cotangent: the type of the cotangent of its result.
    """
    if not all([isinstance(t, NumericType) for t in (*types, node.type, cotangent)]):
        return None
    count = len(types)
    alone = node.reading(tuple(range(count)))
    builder = Builder()
    for type in types:
        builder.input(type)
    builder.extend([alone])
    reverse = ReversePass(Graph(types, (alone,), (count,)), builder, [*active, True])
    try:
        reverse.contribute(count, builder.input(cotangent))
        reverse.pull(count, alone)
    except BackpropError:
        return None  # `differentiate` says what is wrong, and where
    found = sorted(reverse.contributions)
    graph, _ = builder.build([reverse.contributions[k][0].id for k in found], range(count + 2))
    masked = [False] * graph.first
    for made in graph.nodes:
        masked.append(made.op in MAKERS or any([masked[i] for i in made.inputs]))
    parts = [_part(graph, i) if masked[i] else None for i in graph.outputs]
    return RuleGraph(graph, tuple(found), tuple([masked[i] for i in graph.outputs]), tuple(parts))


def _part(graph: Graph, i: int) -> Part | None:
    """Where an output lies among zeros, if that is all of its mask."""
    inner = needed(graph, graph.node(i).inputs)
    is_bare = not any([graph.node(j).op in MAKERS for j in inner if j >= graph.first])
    return part_of(graph.node(i)) if is_bare else None
