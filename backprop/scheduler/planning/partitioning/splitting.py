"""Steps 2 to 8 of the partition, one after the other (../partition.py says what they are)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ....graph.graph import Graph
from .clusters import paths
from .coarsening import coarsen
from .cuts import cut, cut_runs
from .gate import Candidate, choice, is_near_bound
from .makespan import Overhead, makespan
from .phases import part, phases
from .placement import assign
from .segments import segments
from .work import Prices, Work, compact, start_times

VIRTUAL_WORKERS = (4, 2, 1)
"""The numbers of virtual workers that are tried, for each real one."""

MOST_GROUPS = 32
"""Groups for each real worker above which fewer virtual workers are tried, as joining takes quadratic time."""

LEAST = 2
"""Tasks for each worker that a phase is worth, at least."""


def split(graph: Graph, prices: Prices, workers: int, overhead: float, message_s: float) -> tuple[tuple[int, ...], ...]:
    """The groups of a graph that is worth several.

    Arguments:
        graph: the graph.
        prices: of each node, from `priced`.
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs.
        message_s: seconds that a byte takes from worker to worker.
    Returns:
        groups of node ids in topological order, ids ascending in each.
    """
    work = compact(graph, prices)
    costs = Overhead(overhead, message_s)
    parts = phases(work, start_times(work), LEAST * overhead * workers)
    groups = [[items[k] for k in group] for items in parts for group in _groups_of(part(work, items), workers, costs)]
    return tuple(tuple([work.ids[k] for k in group]) for group in groups)


def _groups_of(work: Work, workers: int, overhead: Overhead) -> list[list[int]]:
    """The groups of items that are predicted to end first, in topological order."""
    starts = start_times(work)
    candidates = list(_coarsened(work, _by_segments(work, starts, workers, overhead), workers, overhead))
    if not is_near_bound(candidates, work, workers):
        candidates += _coarsened(work, _by_clusters(work, starts, workers, overhead), workers, overhead)
    return choice(candidates, work)


def _by_segments(work: Work, starts: list[float], workers: int, overhead: Overhead) -> Iterator[list[list[int]]]:
    """Groups, not too many, where virtual workers are runs of the order."""
    for factor in VIRTUAL_WORKERS:
        groups = cut_runs(work, segments(work.seconds, work.after, factor * workers), starts, overhead)
        if len(groups) <= MOST_GROUPS * workers:
            yield groups


def _by_clusters(work: Work, starts: list[float], workers: int, overhead: Overhead) -> Iterator[list[list[int]]]:
    """Groups, not too many, where clusters are placed on virtual workers; the more of these, the more groups."""
    clusters = paths(work, starts)
    for factor in sorted(VIRTUAL_WORKERS):
        groups = cut(work, assign(work, starts, clusters, factor * workers, overhead), starts, overhead)
        if len(groups) > MOST_GROUPS * workers:
            return
        yield groups


def _coarsened(
    work: Work, cuttings: Iterable[list[list[int]]], workers: int, overhead: Overhead
) -> Iterator[Candidate]:
    """Each cutting that leaves several groups, after short groups have joined others."""
    for groups in cuttings:
        quotient = coarsen(work, groups, workers, overhead)
        if len(quotient.groups) > 1:
            yield Candidate(makespan(quotient, workers, overhead), quotient)
