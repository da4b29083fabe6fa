"""Passes: each takes a graph and gives one of the same meaning, and has a file or a folder of its own.

A pass may drop or merge work, and may fix an order of additions. It may not depend on who runs the graph, and it does
not import another pass. What it needs of graphs in general stands in `subgraph` and `rewrite`.

What all of them leave is verified; if it is ill-formed, they are run again, each verified, to name the culprit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from ..graph import Graph, with_bodies
from ..verify import verify
from . import tiling
from .branch_order import order_by_branch
from .dead_code import drop_dead_code
from .factoring.rules import settle_factors
from .inlining import inline_calls
from .peephole.simplify import simplify
from .product_batching import batch_products
from .rank_one import fuse_rank_one
from .unused_results import drop_unused_results, keep_histories

Pass = Callable[[Graph], Graph]

DEFAULT_PASSES: tuple[Pass, ...] = (
    inline_calls,
    keep_histories,
    drop_dead_code,
    batch_products,
    simplify,
    settle_factors,
    fuse_rank_one,
    drop_unused_results,
    drop_dead_code,
)


def _tile_rows(graph: Graph) -> Graph:
    return tiling.tile_rows(graph)


LAST_PASSES: tuple[Pass, ...] = (order_by_branch, _tile_rows)  # blocks are written in an order of their own
"""For a graph that is about to run, and will not become part of another."""


def run_passes(graph: Graph, passes: Sequence[Pass] = DEFAULT_PASSES) -> Graph:
    """The graph after some passes, which the bodies in it go through first.

    Arguments:
        graph: a well-formed graph.
        passes: what to apply, in order.
    Returns:
        a well-formed graph of the same inputs, outputs and meaning.
    Errors:
        VerifyError: a pass made an ill-formed graph.
    """
    graph = with_bodies(graph, lambda body: run_passes(body, passes))
    try:
        return verify(reduce(_applied, passes, graph), "all passes", graph)
    except Exception:
        reduce(_verified, passes, graph)  # names the pass
        raise


def _applied(graph: Graph, step: Pass) -> Graph:
    return step(graph)


def _verified(graph: Graph, step: Pass) -> Graph:
    return verify(step(graph), step.__name__)
