"""What a graph becomes before it is planned: differentiated, and after all passes; cached by content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ...graph.autodiff.branches import equal_branches, joined
from ...graph.autodiff.differentiate import differentiate
from ...graph.autodiff.split import ForwardPullback, split, supply
from ...graph.graph import Graph, Ids
from ...graph.passes import DEFAULT_PASSES, run_passes
from ...graph.passes.inlining import inline_branches as inline_branches
from ...graph.tracing.gc_pause import gc_paused
from ...graph.verify import verify
from ...graph.written import by_lines
from ...ops.core.cache import CACHE, cached
from .telling import counted, told_of_long

_PASSING: ContextVar[object] = ContextVar("whose derivatives pass", default=None)


@contextmanager
def passing_derivatives() -> Iterator[None]:
    """A block that makes a graph which is kept: at its end the derivatives that have become parts of it are let go."""
    owner = object()
    token = _PASSING.set(owner)
    try:
        yield
    finally:
        _PASSING.reset(token)
        CACHE.drop_all(owner)


@cached(by_lines, owner=_PASSING.get)
@gc_paused()
def joint(graph: Graph, wrt: Ids, known: Ids = ()) -> Graph:
    """The joint graph of a scalar function, after all passes.

    Arguments:
        graph: of the function.
        wrt: the ids of what it is differentiated by.
        known: ids of nodes whose values are given: they become inputs behind the graph's own.
    """
    flat = _flat(graph, known)
    branches = () if known else equal_branches(flat, wrt)
    if branches:
        joints = [joint(branch.graph, branch.wrt) for branch in branches]
        return verify(joined(flat, wrt, branches, joints), "joining equal branches")
    return _optimised(differentiate(flat, wrt, seeded=False), flat, known)


@cached(by_lines, owner=_PASSING.get)
@gc_paused()
def forward_and_pullback(graph: Graph, wrt: Ids, known: Ids = ()) -> ForwardPullback:
    """The forward and the pullback graph of a graph, after all passes; the arguments are those of `joint`."""
    flat = _flat(graph, known)
    whole = _optimised(differentiate(flat, wrt, seeded=True), flat, known)
    return split(whole, len(graph.outputs), whole.first - graph.first - len(known))


@cached(by_lines)
@gc_paused()
def plain(graph: Graph, known: Ids = ()) -> Graph:
    """The graph itself, after all passes."""
    return _optimised(verify(graph, "trace"), graph, known)


def _flat(graph: Graph, known: Ids) -> Graph:
    """A traced graph, checked, with the nodes of branches in their place; ids that are known stay what they are."""
    traced = verify(graph, "trace")
    return traced if known else inline_branches(traced)


def _optimised(whole: Graph, graph: Graph, known: Ids) -> Graph:
    """A graph made of another one, after all passes, with the values of known ids of that one as inputs."""
    with told_of_long(graph, len(DEFAULT_PASSES)) as told:
        return run_passes(supply(whole, graph, known) if known else whole, counted(DEFAULT_PASSES, told))
