"""Drop the nodes that no output needs.

Sound since ops have no effects. One walk backwards and one forwards: linear in the nodes.
"""

from __future__ import annotations

from ..graph import Graph
from ..subgraph import pruned


def drop_dead_code(graph: Graph) -> Graph:
    """The graph without the nodes that no output depends on; the graph itself where there are none."""
    return pruned(graph)
