"""Small graphs: their values are so small that neither blocks nor the order of nodes matter."""

from __future__ import annotations

from collections import Counter

from ..graph import Graph

SMALL_VALUE = 1 << 12
"""Bytes below which a value is small."""

SMALL_IN_TOTAL = 1 << 26
"""Bytes below which all values together are little, should they all live at once."""


def is_small(graph: Graph) -> bool:
    """Whether all values of a graph are small, and little together."""
    types = {id(node.type): node.type for node in graph.nodes}
    sizes = {key: type.nbytes for key, type in types.items()}
    counts = Counter([id(node.type) for node in graph.nodes])
    return (
        max(sizes.values(), default=0) < SMALL_VALUE
        and sum([counts[key] * size for key, size in sizes.items()]) < SMALL_IN_TOTAL
    )
