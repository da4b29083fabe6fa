"""All that looks at one node at a time, in one walk: constants, identities, broadcasts, long sums, equal nodes."""

from __future__ import annotations

from ...graph import Graph
from ...rewrite import rewritten
from .broadcasts import drop_broadcast
from .constant_folding import fold_constants
from .identities import drop_identity
from .sum_trees import balance_sum


def simplify(graph: Graph) -> Graph:
    """The graph after all of them together, so that it is walked and verified once."""
    return rewritten(graph, fold_constants, drop_identity, drop_broadcast, balance_sum)
