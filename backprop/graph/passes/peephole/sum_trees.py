"""Rebalance long sums of contributions into trees, so that they add up in parallel.

An n-ary sum of more than WIDTH terms becomes a tree of sums of at most WIDTH. Large arrays are added in pairs: so of
the gradients of the shards of a batch, two go into each sum, and a worker that adds up its own shards first is handed
no more than one gradient for each time that the workers can be halved. The tree depends on the number and shape of the
terms only, so the bits of the result do not depend on who adds. Cost: one node for each WIDTH terms, or for each large
one.
"""

from __future__ import annotations

from ....ops.arrays.accumulate import accumulate, accumulate_values
from ...bits import width
from ...graph import Node, NodeId
from ...rewrite import Rewriter


def balance_sum(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The tree in the place of a long sum."""
    if node.op not in (accumulate, accumulate_values) or len(node.inputs) <= width(node.type):
        return None
    terms, most = list(node.inputs), width(node.type)
    while len(terms) > 1:
        terms = [_sum(rewrite, node, terms[k : k + most]) for k in range(0, len(terms), most)]
    return terms[0]


def _sum(rewrite: Rewriter, node: Node, terms: list[NodeId]) -> NodeId:
    return terms[0] if len(terms) == 1 else rewrite.emit(node.op, terms, node.params, node.type, node.source)
