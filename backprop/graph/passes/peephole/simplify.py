"""Simplify: all rules that look at one node at a time, in one walk over the graph.

They fold constants, drop identities and broadcasts, balance long sums, and merge equal nodes.
"""

from __future__ import annotations

from ...graph import Graph
from ...rewrite import rewritten
from .broadcasts import drop_broadcast
from .constant_folding import fold_constants
from .identities import drop_identity
from .seams import take_from_part
from .sum_trees import balance_sum


def simplify(graph: Graph) -> Graph:
    """The graph after all rules; applied together, they need one walk and one verification.

    Sums are balanced before constants are folded, as a sum of constants adds up in the order of any other.
    """
    return rewritten(graph, balance_sum, fold_constants, drop_identity, drop_broadcast, take_from_part)
