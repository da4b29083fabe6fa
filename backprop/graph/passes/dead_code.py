"""Drop the nodes that no output needs.

Sound since ops have no effects. One walk backwards and one forwards: linear in the nodes.
"""

from __future__ import annotations

from ..graph import Graph
from ..rewrite import Rewrite


def drop_dead_code(graph: Graph) -> Graph:
    """The graph without the nodes that no output depends on."""
    first = graph.first
    alive = bytearray(first + len(graph))
    for i in graph.outputs:
        alive[i] = 1
    for k in range(len(graph) - 1, -1, -1):
        if alive[first + k]:
            for j in graph.nodes[k].inputs:
                alive[j] = 1
    rewrite = Rewrite(graph)
    for i, node in enumerate(graph.nodes, first):
        rewrite.to.append(rewrite.add(rewrite.moved(node)) if alive[i] else -1)
    return rewrite.done()
