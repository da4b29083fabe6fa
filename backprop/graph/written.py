"""A graph as it was written: what it computes, how its inputs are called, and the lines of the user's that it is from.

Equal graphs from different lines compute the same, and their results may be shared; what tells the user of a line, as
the note on an exception does, may not. So what is made of graphs is kept by this.
"""

from __future__ import annotations

from operator import itemgetter

from .graph import Graph, bodies

SOURCE = itemgetter(4)
"""The line of a node; quicker than by its name, as graphs are compared at each call."""


class Written:
    """A graph, equal to another where that computes the same, for the same lines and with the same names.

    Arguments:
        graph: the graph.
    """

    __slots__ = ("_with_bodies", "graph")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._with_bodies: tuple[int, ...] | None = None  # which nodes have bodies, once it is asked for

    def __hash__(self) -> int:
        return hash(self.graph)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self.graph == other.graph and self._is_of_same_lines(other.graph)

    def _is_of_same_lines(self, other: Graph) -> bool:
        """Whether an equal graph has the same names, and comes from the same lines, with its bodies."""
        graph = self.graph
        if graph is other:
            return True
        if graph.names != other.names or [*map(SOURCE, graph.nodes)] != [*map(SOURCE, other.nodes)]:
            return False
        if self._with_bodies is None:
            self._with_bodies = tuple([k for k, node in enumerate(graph.nodes) if bodies(node)])
        pairs = [(bodies(graph.nodes[k]), bodies(other.nodes[k])) for k in self._with_bodies]
        return all([Written(a) == Written(b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True)])


def by_lines(graph: Graph, *others: object) -> tuple[object, ...]:
    """What functions of a graph and more are cached by."""
    return (Written(graph), *others)


def by_lines_of_bodies(graph: Graph) -> object:
    """What functions of a graph are cached by that use the lines of its bodies alone."""
    return Written(graph) if any(map(bodies, graph.nodes)) else graph
