"""Put the nodes in the order of branches: what has been begun is finished first, so that few values live at a time.

A joint graph as `differentiate` makes it computes all branches forward before any goes back, and keeps the residuals of
all. Here a node runs as soon as it can after the last of those it reads, with a stack of what is ready: a branch goes
forward and back before the next one starts. Of several nodes that become ready together, those with the shortest way to
a result come first, such as the gradient of a weight before the cotangent that is handed on. Local ops, whose context
may have a state, stay in their order. Linear in the nodes, but for the sort of what gets ready together.

Limits: a heuristic; the order of least memory is NP-hard to find.
"""

from __future__ import annotations

from ...ops.op import Kind
from ..graph import Graph, Node, NodeId


def order_by_branch(graph: Graph) -> Graph:
    """The graph with its nodes in the order of branches; itself where that is their order."""
    order = _order(graph)
    if order == list(range(graph.first, graph.first + len(graph.nodes))):
        return graph
    to = list(range(graph.first)) + [0] * len(graph.nodes)
    nodes: list[Node] = []
    for new, i in enumerate(order, graph.first):
        to[i] = new
        node = graph.node(i)
        inputs = tuple([to[j] for j in node.inputs])
        nodes.append(node if inputs == node.inputs else node.reading(inputs))
    return Graph(graph.inputs, tuple(nodes), tuple([to[i] for i in graph.outputs]), graph.names)


def _order(graph: Graph) -> list[NodeId]:
    first = graph.first
    heights = _heights(graph)
    readers, missing = _readers(graph)
    stack = [i for i in range(first + len(graph.nodes) - 1, first - 1, -1) if not missing[i]]
    order: list[NodeId] = []
    while stack:
        i = stack.pop()
        order.append(i)
        ready = []
        for j in readers[i]:
            missing[j] -= 1
            if not missing[j]:
                ready.append(j)
        if len(ready) > 1:
            ready.sort(key=lambda j: (-heights[j], -j))
        stack += ready
    return order


def _readers(graph: Graph) -> tuple[list[list[NodeId]], list[int]]:
    """For each id the nodes that wait for it, and for each how many it waits for."""
    readers: list[list[NodeId]] = [[] for _ in range(graph.first + len(graph.nodes))]
    missing = [0] * len(readers)
    local = -1
    for i, node in enumerate(graph.nodes, graph.first):
        before = {j for j in node.inputs if j >= graph.first}
        if node.op.kind is Kind.LOCAL:
            before |= {local} - {-1}
            local = i
        missing[i] = len(before)
        for j in before:
            readers[j].append(i)
    return readers, missing


def _heights(graph: Graph) -> list[int]:
    """For each id the number of nodes on the longest way from it to a result."""
    heights = [0] * (graph.first + len(graph.nodes))
    for i in range(len(heights) - 1, graph.first - 1, -1):
        above = heights[i] + 1
        for j in graph.node(i).inputs:
            if heights[j] < above:
                heights[j] = above
    return heights
