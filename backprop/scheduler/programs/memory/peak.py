"""How much memory the values of a graph take at most, predicted by liveness.

Nodes run in their order, as they do in one task. A value is held from the node that computes it to the last node that
reads it or a view of it; what is handed out is held to the end. While a node with bodies runs, it holds what the
hungriest of its bodies does. Inputs and literals are there anyway, and do not count.

Limits: tasks that run at the same time hold their values at the same time, which is not in the prediction.
"""

from __future__ import annotations

from typing import NamedTuple

from ....graph.graph import Graph, Node, NodeId, bodies, literal
from ....ops.core.cache import cached
from ....ops.core.op import Kind
from .liveness import liveness


class Peak(NamedTuple):
    """The most that is held at once, in bytes, and the node that runs then."""

    nbytes: int
    at: NodeId


def peak(graph: Graph) -> Peak:
    """The peak of the memory that the values of a graph take."""
    life = liveness(graph)
    ends = [0] * (graph.first + len(graph) + 1)
    held, highest = 0, Peak(0, graph.first)
    for i, node in enumerate(graph.nodes, graph.first):
        nbytes = own_bytes(node)
        held += nbytes
        ends[life.memory(i)] += nbytes
        now = held + max([_inside(body) for body in bodies(node)], default=0)
        if now > highest.nbytes:
            highest = Peak(now, i)
        held -= ends[i]
    return highest


def own_bytes(node: Node) -> int:
    """The bytes that a node's result adds to what is held: none where it is a view or a literal."""
    return 0 if node.op.kind is Kind.VIEW or node.op is literal else node.type.nbytes


@cached()
def _inside(body: Graph) -> int:
    return peak(body).nbytes
