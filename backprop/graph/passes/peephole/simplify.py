"""All that looks at one node at a time, in one walk: constants, identities, broadcasts, long sums, equal nodes."""

from __future__ import annotations

from ...graph import Graph
from ...rewrite import rewritten
from .broadcasts import narrowed
from .constant_folding import fold
from .identities import unwrap
from .sum_trees import balance


def simplify(graph: Graph) -> Graph:
    """The graph after all of them together, so that it is walked and verified once."""
    return rewritten(graph, fold, unwrap, narrowed, balance)
