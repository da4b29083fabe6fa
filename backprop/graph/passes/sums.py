"""Rebalance long sums of contributions into trees, so that they add up in parallel.

An n-ary sum of more than WIDTH terms becomes a tree of sums of at most WIDTH. The tree depends on the number of terms
only, so the bits of the result do not depend on who adds. Cost: one node for each WIDTH terms.
"""

from __future__ import annotations

from ...ops.accumulate import accumulate
from ..graph import Graph, Node, NodeId
from ..rewrite import Rewrite

WIDTH = 4


def balance_sums(graph: Graph) -> Graph:
    """The graph with trees in the place of sums of more than WIDTH terms."""
    rewrite = Rewrite(graph)
    for node in graph.nodes:
        moved = rewrite.moved(node)
        wide = moved.op is accumulate and len(moved.inputs) > WIDTH
        rewrite.to.append(_tree(rewrite, moved) if wide else rewrite.add(moved))
    return rewrite.done()


def _tree(rewrite: Rewrite, node: Node) -> NodeId:
    terms = list(node.inputs)
    while len(terms) > 1:
        terms = [_sum(rewrite, node, terms[k : k + WIDTH]) for k in range(0, len(terms), WIDTH)]
    return terms[0]


def _sum(rewrite: Rewrite, node: Node, terms: list[NodeId]) -> NodeId:
    return terms[0] if len(terms) == 1 else rewrite.emit(accumulate, terms, (), node.type, node.source)
