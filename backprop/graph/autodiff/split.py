"""Split a joint graph where the cotangents of its outputs come in: forward graph, and pullback graph.

The forward graph is what does not depend on the seeds; what the pullback graph reads of it are the residuals. Views
and constants are no residuals: the pullback graph makes them anew, which costs nothing, keeps their layout (and so the
bits of what reads them), and holds no broadcast array in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..graph import Graph, NodeId
from ..subgraph import extract, reach


class ForwardPullback(NamedTuple):
    """What a joint graph is split into."""

    forward: Graph  # (inputs) -> (results, residuals)
    pullback: Graph  # (residuals, seeds) -> cotangents


def split(joint: Graph, results: int, seeds: int) -> ForwardPullback:
    """Split a joint graph.

    Arguments:
        joint: a graph whose last `seeds` inputs are cotangents of its first `results` outputs.
        results: how many outputs are results; the others are cotangents.
        seeds: how many inputs are seeds.
    """
    first = joint.first
    late = [i >= first - seeds for i in range(first)]
    for node in joint.nodes:
        late.append(any(late[i] for i in node.inputs))
    pulled = joint.outputs[results:]
    read = {i for node, is_late in zip(joint.nodes, late[first:], strict=True) if is_late for i in node.inputs}
    residuals, again = _carried(joint, [i for i in read.union(pulled) if not late[i]])
    inputs = list(range(first - seeds))
    early = [i for i in range(first, first + len(joint)) if not late[i]]
    forward = extract(joint, inputs, early, [*joint.outputs[:results], *residuals])
    after = sorted([*again, *(i for i in range(first, first + len(joint)) if late[i])])
    return ForwardPullback(forward, extract(joint, [*residuals, *range(first - seeds, first)], after, pulled))


def _carried(joint: Graph, wanted: list[NodeId]) -> tuple[list[NodeId], list[NodeId]]:
    """How the pullback gets early ids that it wants: which of them it is given, and which it makes anew."""

    def is_cheap(i: NodeId) -> bool:
        return i >= joint.first and joint.node(i).op.is_cheap

    reached = reach(wanted, lambda i: joint.node(i).inputs if is_cheap(i) else ())
    return [i for i in reached if not is_cheap(i)], [i for i in reached if is_cheap(i)]


def supply(joint: Graph, graph: Graph, known: Sequence[NodeId]) -> Graph:
    """A joint graph in which some values are given rather than computed.

    Arguments:
        joint: made of `graph` by `differentiate`.
        graph: the graph itself.
        known: ids of its nodes; they become inputs, between the graph's own and the seeds.
    """
    shift = joint.first - graph.first
    given = [i + shift for i in known]
    inputs = [*range(graph.first), *given, *range(graph.first, joint.first)]
    rest = set(given)
    nodes = [i for i in range(joint.first, joint.first + len(joint)) if i not in rest]
    return extract(joint, inputs, nodes, joint.outputs)
