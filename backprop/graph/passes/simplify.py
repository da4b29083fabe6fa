"""All that looks at one node at a time, in one walk: constants, identities, long sums, equal nodes."""

from __future__ import annotations

from ..graph import Graph
from ..rewrite import rewritten
from .constants import fold
from .identities import unwrap
from .sums import balance


def simplify(graph: Graph) -> Graph:
    """The graph after `fold_constants`, `drop_identities`, `balance_sums` and `merge_shared` together."""
    return rewritten(graph, fold, unwrap, balance)
