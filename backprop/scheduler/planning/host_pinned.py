"""Host-pinned nodes, which stay in the process that asks, get groups of their own, in the order of the code.

An executor runs them in the thread that asks. So a run takes turns: parallel work, host-pinned work, parallel work. The
*stage* of a node or task is the number of times that a run has to come back from host-pinned work to parallel work
before it. It never falls along an edge, and what is host-pinned comes behind the rest of its stage; so groups that are
cut at the stages have no cycle if they had none before.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...graph.graph import Graph, NodeId
from ...ops.core.op import Kind

Groups = tuple[tuple[NodeId, ...], ...]


def stage_numbers(reads: Sequence[Sequence[int]], pinned: Sequence[bool]) -> list[int]:
    """The stage of each item of a list in topological order.

    Arguments:
        reads: for each item the earlier items that it reads.
        pinned: for each item whether it is host-pinned.
    Returns:
        the stages; those of host-pinned items never fall, so that they keep their order.
    """
    stages: list[int] = []
    latest_pinned = 0
    for read, is_pinned in zip(reads, pinned, strict=True):
        stage = max([stages[j] + (pinned[j] and not is_pinned) for j in read], default=0)
        if is_pinned:
            stage = latest_pinned = max(latest_pinned, stage)
        stages.append(stage)
    return stages


def host_pinned_apart(graph: Graph, groups: Groups) -> Groups:
    """The groups with each host-pinned node in one of its own.

    Arguments:
        graph: the graph.
        groups: of its nodes, in topological order.
    Returns:
        the groups, in topological order; host-pinned nodes in the order of their ids.
    """
    pinned = [*[False] * graph.first, *[node.op.kind is Kind.HOST_PINNED for node in graph.nodes]]
    if not any(pinned):
        return groups
    stages = stage_numbers([*[()] * graph.first, *[node.inputs for node in graph.nodes]], pinned)
    parts: dict[tuple[int, bool, int], list[NodeId]] = {}
    for g, group in enumerate(groups):
        for i in group:
            parts.setdefault((stages[i], pinned[i], i if pinned[i] else g), []).append(i)
    return tuple(tuple(parts[key]) for key in sorted(parts))
