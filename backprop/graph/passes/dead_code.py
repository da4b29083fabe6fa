"""Drop the nodes that no output needs.

Sound since ops have no effects. One walk backwards and one forwards: linear in the nodes.
"""

from __future__ import annotations

from ..graph import Graph, Node, NodeId


def drop_dead_code(graph: Graph) -> Graph:
    """The graph without the nodes that no output depends on; the graph itself where there are none."""
    first, alive = graph.first, live(graph)
    if alive.count(0, first) == 0:
        return graph
    to: list[NodeId] = list(range(first))
    nodes: list[Node] = []
    for i, node in enumerate(graph.nodes, first):
        to.append(first + len(nodes))
        if alive[i]:
            inputs = tuple([to[j] for j in node.inputs])
            nodes.append(node if inputs == node.inputs else node.reading(inputs))
    return Graph(graph.inputs, tuple(nodes), tuple([to[i] for i in graph.outputs]), graph.names)


def uses(graph: Graph) -> list[int]:
    """For each id, how many operands of nodes and outputs of the graph it is."""
    counts = [0] * (graph.first + len(graph.nodes))
    for node in graph.nodes:
        for i in node.inputs:
            counts[i] += 1
    for i in graph.outputs:
        counts[i] += 1
    return counts


def live(graph: Graph) -> bytearray:
    """For each id, 1 where an output depends on it."""
    first = graph.first
    alive = bytearray(first + len(graph))
    for i in graph.outputs:
        alive[i] = 1
    for i in range(len(alive) - 1, first - 1, -1):
        if alive[i]:
            for j in graph.nodes[i - first].inputs:
                alive[j] = 1
    return alive
