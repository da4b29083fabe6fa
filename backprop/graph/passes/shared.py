"""Merge equal nodes (common subexpressions).

Sound since ops have no effects: two nodes of equal op, operands and params have equal values. One walk with a
dictionary: linear in the nodes. Literals compare by their bytes, so 0.0 and -0.0 stay apart.
"""

from __future__ import annotations

from typing import Any

from ..graph import Graph
from ..rewrite import Rewrite


def merge_shared(graph: Graph) -> Graph:
    """The graph with one node in the place of equal ones."""
    rewrite = Rewrite(graph)
    seen: dict[Any, int] = {}
    for node in graph.nodes:
        moved = rewrite.moved(node)
        key = (moved.op, moved.inputs, moved.params)
        i = seen.get(key)
        if i is None:
            i = seen[key] = rewrite.add(moved)
        rewrite.to.append(i)
    return rewrite.done()
