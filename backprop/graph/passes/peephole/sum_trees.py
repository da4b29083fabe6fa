"""Rebalance long sums of contributions into trees, so that they add up in parallel.

An n-ary sum of more than WIDTH terms becomes a tree of sums of at most WIDTH. The tree depends on the number of terms
only, so the bits of the result do not depend on who adds. Cost: one node for each WIDTH terms.
"""

from __future__ import annotations

from ....ops.arrays.accumulate import accumulate, accumulate_values
from ...bits import WIDTH
from ...graph import Node, NodeId
from ...rewrite import Rewriter


def balance_sum(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The tree in the place of a long sum."""
    if node.op not in (accumulate, accumulate_values) or len(node.inputs) <= WIDTH:
        return None
    terms = list(node.inputs)
    while len(terms) > 1:
        terms = [_sum(rewrite, node, terms[k : k + WIDTH]) for k in range(0, len(terms), WIDTH)]
    return terms[0]


def _sum(rewrite: Rewriter, node: Node, terms: list[NodeId]) -> NodeId:
    return terms[0] if len(terms) == 1 else rewrite.emit(node.op, terms, node.params, node.type, node.source)
