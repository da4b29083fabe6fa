"""Parts of graphs: what is used, what depends on what, and the graph that a choice of nodes makes under new ids.

All is linear in the nodes, and nothing recurses. Who takes nodes out of a graph, or puts them in another order, does it
by `extract`, so that ids are renumbered in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from .graph import Graph, Node, NodeId


class NewIds(Protocol):
    """New ids by old ones: a list or a dict."""

    def __getitem__(self, old: NodeId, /) -> NodeId: ...


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


def reach(start: Iterable[NodeId], before: Callable[[NodeId], Iterable[NodeId]]) -> list[NodeId]:
    """The ids that can be reached, in ascending order.

    Arguments:
        start: where to begin; these ids are reached.
        before: from an id to those that it leads to, such as its operands; none where the walk is to stop.
    """
    seen: set[NodeId] = set()
    stack = list(start)
    while stack:
        i = stack.pop()
        if i not in seen:
            seen.add(i)
            stack.extend(before(i))
    return sorted(seen)


def needed(graph: Graph, outputs: Sequence[NodeId]) -> list[NodeId]:
    """The ids that some ids of a graph depend on, themselves included, in order."""
    return reach(outputs, lambda i: graph.node(i).inputs if i >= graph.first else ())


def remapped(node: Node, to: NewIds) -> Node:
    """The node with its operands under new ids; the node itself where these are the old ones."""
    inputs = tuple([to[i] for i in node.inputs])
    return node if inputs == node.inputs else node.reading(inputs)


def renumber(
    nodes: Iterable[tuple[NodeId, Node]], to: dict[NodeId, NodeId], first: NodeId | None = None
) -> tuple[Node, ...]:
    """Nodes under new ids, which follow those that are taken.

    Arguments:
        nodes: old ids and nodes, in their new order; they read ids of `to` and each other only.
        to: new ids by old ones; those of the nodes are added.
        first: the first new id that is free; by default `to` has one old id for each that is taken.
    """
    made: list[Node] = []
    start = len(to) if first is None else first
    for i, node in nodes:
        made.append(remapped(node, to))
        to[i] = start + len(made) - 1
    return tuple(made)


def extract(graph: Graph, inputs: Sequence[NodeId], nodes: Sequence[NodeId], outputs: Sequence[NodeId]) -> Graph:
    """The graph of some nodes of a graph.

    Arguments:
        graph: the whole.
        inputs: ids that become the inputs, in order.
        nodes: ids of the nodes, in order; they read `inputs` and each other only.
        outputs: ids of the results.
    """
    to = {i: k for k, i in enumerate(inputs)}
    made = renumber([(i, graph.node(i)) for i in nodes], to)
    return Graph(tuple([graph.type_of(i) for i in inputs]), made, tuple([to[i] for i in outputs]))


def restricted(graph: Graph, inputs: Sequence[NodeId], outputs: Sequence[NodeId]) -> Graph:
    """The part of a graph that computes some ids, with some of its inputs.

    Arguments:
        graph: the whole.
        inputs: ids that become the inputs, in order; what computes `outputs` reads no other inputs.
        outputs: the ids to compute.
    """
    return extract(graph, inputs, [i for i in needed(graph, outputs) if i >= graph.first], outputs)


def reordered(graph: Graph, order: Sequence[NodeId]) -> Graph:
    """The graph with some of its nodes in some order, and all of its inputs; the graph itself where nothing changes.

    Arguments:
        graph: the graph.
        order: ids of nodes, each behind those that it reads; all that outputs depend on are among them.
    """
    if list(order) == list(range(graph.first, graph.first + len(graph))):
        return graph
    part = extract(graph, range(graph.first), order, graph.outputs)
    return Graph(part.inputs, part.nodes, part.outputs, graph.names)


def pruned(graph: Graph) -> Graph:
    """The graph without the nodes that no output depends on; the graph itself where there are none."""
    alive = live(graph)
    if alive.count(0, graph.first) == 0:
        return graph
    return reordered(graph, [i for i in range(graph.first, len(alive)) if alive[i]])
