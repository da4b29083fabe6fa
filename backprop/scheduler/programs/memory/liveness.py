"""How long the values of a graph are needed.

A value lives from the node that computes it to the last node that reads it, or a view of its memory; what is handed out
lives to the end of the graph.
"""

from __future__ import annotations

from typing import NamedTuple

from ....graph.graph import Graph, NodeId
from ....graph.ownership import bases
from ....ops.core.op import Kind


class Liveness(NamedTuple):
    """How long the values of a graph are needed; the end of the graph stands for "handed out".

    Arguments:
        value: for each id, the last node that reads it: itself where none does.
        view: for each id, the last node that reads a view of its memory, -1 where there is none.
    """

    value: list[NodeId]
    view: list[NodeId]

    def memory(self, i: NodeId) -> NodeId:
        """The last node that reads an id or a view of it."""
        return max(self.value[i], self.view[i])


def liveness(graph: Graph) -> Liveness:
    """The last uses of all values of a graph."""
    value = list(range(graph.first + len(graph.nodes)))
    for i, node in enumerate(graph.nodes, graph.first):
        for j in node.inputs:
            value[j] = i
    for output in graph.outputs:
        value[output] = len(value)
    view = [-1] * len(value)
    found = bases(graph)
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is Kind.VIEW:
            for base in found[i]:
                view[base] = max(view[base], value[i])
    return Liveness(value, view)
