"""Graph -> convex groups of nodes, each worth one task. The steps stand in the room `partitioning`, over lists of ints:

1. *Work* (work.py). Nodes that cost something become items with prices and edges. Views, literals and other nodes
   without operands are recomputed by every task that reads them, and dead nodes are dropped.
2. *Phases* (phases.py). Work that goes through narrow places, as the steps of a training do, is split there, and each
   part goes through the following steps by itself.
3. *Segments* (segments.py). Where branches stand next to each other, runs of the order are virtual workers. Steps 4 and
   5 are for graphs whose branches are woven together.
4. *Clusters* (clusters.py). An item and its heaviest successor join where each is the other's first choice.
5. *Placement* (placement.py). Each cluster goes to the virtual worker where it can finish first.
6. *Cuts* (cuts.py). Where messages pass between workers, items are cut into groups that have no cycle.
7. *Coarsening* (coarsening.py). Short groups join others, until there are at most four for each worker.
8. *Gate* (gate.py, makespan.py). The groups are played through on the real number of workers, and dropped for a single
   one where the predicted speed-up is below 1.2, where the whole is not worth two tasks, or where it mostly holds a GIL
   that tasks share.

The groups depend on the graph, the number of workers, the overhead and the rates of the machine only. Finding them
takes time near linear in the nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...graph.graph import Graph
from ..machine.cost import Machine
from .host_pinned import Groups, host_pinned_apart
from .partitioning.clusters import paths
from .partitioning.coarsening import coarsen
from .partitioning.cuts import cut, cut_runs
from .partitioning.gate import Candidate, choice, is_near_bound, pays
from .partitioning.makespan import Overhead, makespan
from .partitioning.phases import part, phases
from .partitioning.placement import assign
from .partitioning.segments import segments
from .partitioning.work import Work, compact, priced, start_times

VIRTUAL_WORKERS = (4, 2, 1)
"""The numbers of virtual workers that are tried, for each real one."""

MOST_GROUPS = 32
"""Groups for each real worker above which fewer virtual workers are tried, as joining takes quadratic time."""

LEAST = 2
"""Tasks for each worker that a phase is worth, at least."""


def partition(
    graph: Graph, workers: int, overhead: float, machine: Machine | None = None, shares_gil: bool = False
) -> Groups:
    """The groups of a graph.

    Arguments:
        graph: the graph.
        workers: how many tasks can run at once.
        overhead: seconds that starting a task costs; what takes less is no task of its own.
        machine: the rates that costs are estimated with.
        shares_gil: whether all tasks run in one process.
    Returns:
        groups of node ids in topological order, ids ascending in each; views, literals and dead nodes are in none. One
        group where more would not pay; host-pinned nodes in groups of their own.
    """
    machine = machine or Machine()
    prices = priced(graph, machine)
    if not pays(prices, workers, overhead, shares_gil):
        whole = tuple([i for i, price in enumerate(prices) if price is not None])
        return host_pinned_apart(graph, (whole,) if whole else ())
    work = compact(graph, prices)
    costs = Overhead(overhead, 1.0 / machine.link_bytes_per_s)
    parts = phases(work, start_times(work), LEAST * overhead * workers)
    groups = [[items[k] for k in group] for items in parts for group in split(part(work, items), workers, costs)]
    return host_pinned_apart(graph, tuple(tuple([work.ids[k] for k in group]) for group in groups))


def split(work: Work, workers: int, overhead: Overhead) -> list[list[int]]:
    """The groups of items that are predicted to end first.

    Arguments:
        work: the items.
        workers: how many groups can run at once.
        overhead: what tasks cost beyond their work.
    Returns:
        groups in topological order.
    """
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
