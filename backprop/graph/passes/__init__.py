"""Passes: Graph -> Graph of the same meaning, one file each, verified after each.

A pass may drop or merge work and may fix an order of additions; it may not depend on who runs the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..graph import Graph
from ..verify import verify
from .constants import fold_constants
from .dead_code import drop_dead_code
from .identities import drop_identities
from .shared import merge_shared
from .sums import balance_sums

Pass = Callable[[Graph], Graph]

DEFAULT_PASSES: tuple[Pass, ...] = (
    drop_dead_code,
    fold_constants,
    drop_identities,
    merge_shared,
    balance_sums,
    drop_dead_code,
)


def run_passes(graph: Graph, passes: Sequence[Pass] = DEFAULT_PASSES) -> Graph:
    """The graph after some passes.

    Arguments:
        graph: a well-formed graph.
        passes: what to apply, in order.
    Returns:
        a well-formed graph of the same inputs, outputs and meaning.
    Errors:
        VerifyError: a pass made an ill-formed graph.
    """
    for step in passes:
        graph = verify(step(graph), step.__name__)
    return graph
