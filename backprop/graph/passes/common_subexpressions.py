"""Merge equal nodes (common subexpressions): what every rewriting does, and nothing else. One walk."""

from __future__ import annotations

from ..graph import Graph
from ..rewrite import rewritten


def merge_shared(graph: Graph) -> Graph:
    """The graph with one node in the place of equal ones."""
    return rewritten(graph)
