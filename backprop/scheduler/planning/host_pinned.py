"""Local nodes get groups of their own, in their order, so that an executor can run them in the thread that asks.

The stage of a node is the number of times that a run has to come back from parallel work to local work before it. It
never falls along an edge, and local nodes of one stage come behind the others of that stage; so groups that are cut at
the stages have no cycle if they had none before.
"""

from __future__ import annotations

from ...graph.graph import Graph, NodeId
from ...ops.core.op import Kind

Groups = tuple[tuple[NodeId, ...], ...]


def local_apart(graph: Graph, groups: Groups) -> Groups:
    """The groups with each local node in one of its own.

    Arguments:
        graph: the graph.
        groups: of its nodes, in topological order.
    Returns:
        the groups, in topological order; local nodes in the order of their ids.
    """
    if not any(node.op.kind is Kind.LOCAL for node in graph.nodes):
        return groups
    stages = node_stages(graph)
    parts: dict[tuple[int, bool, int], list[NodeId]] = {}
    for g, group in enumerate(groups):
        for i in group:
            is_local = graph.node(i).op.kind is Kind.LOCAL
            parts.setdefault((stages[i], is_local, i if is_local else g), []).append(i)
    return tuple(tuple(parts[key]) for key in sorted(parts))


def node_stages(graph: Graph) -> list[int]:
    """The stage of each id."""
    stages = [0] * graph.first
    local = [False] * graph.first
    latest = 0  # stage of a local node
    for node in graph.nodes:
        is_local = node.op.kind is Kind.LOCAL
        stage = max([stages[i] + (local[i] and not is_local) for i in node.inputs], default=0)
        latest = max(latest, stage) if is_local else latest
        stages.append(latest if is_local else stage)
        local.append(is_local)
    return stages
