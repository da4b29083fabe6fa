"""How long the values of a graph are needed, and which of them share memory.

A value lives from the node that computes it to the last node that reads it, or a view of its memory; what is handed out
lives to the end of the graph.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....graph.graph import Graph, NodeId, literal
from ....ops.arrays.tuples import make_tuple
from ....ops.core.op import Kind

# What shares memory.


def bases(graph: Graph) -> list[tuple[NodeId, ...]]:
    """For each id, the ids whose memory its value may share: itself, or for a view those of its operands."""
    found: list[tuple[NodeId, ...]] = [(i,) for i in range(graph.first)]
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is not Kind.VIEW:
            found.append((i,))
        elif node.op is make_tuple:
            found.append(tuple(dict.fromkeys(base for j in node.inputs for base in found[j])))
        else:
            found.append(found[node.inputs[0]] if node.inputs else (i,))
    return found


def escaping(graph: Graph) -> tuple[bool, ...]:
    """For each output, whether it may share memory with an input, a constant or another output.

    Arguments:
        graph: the graph.
    Returns:
        a bool for each output; where it is True, a caller who hands out arrays to keep must copy.
    """
    found = bases(graph)
    owners: dict[NodeId, int] = {}
    for output in graph.outputs:
        for base in found[output]:
            owners[base] = owners.get(base, 0) + 1
    return tuple(any(_shared(graph, base) or owners[base] > 1 for base in found[output]) for output in graph.outputs)


def _shared(graph: Graph, i: NodeId) -> bool:
    return i < graph.first or graph.node(i).op is literal


# How long.


@dataclass(frozen=True, slots=True)
class Liveness:
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
