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

from ...graph.graph import Graph
from ..machine.cost import Machine
from . import partitioning
from .branches import each_apart, with_results
from .host_pinned import Groups, host_pinned_apart
from .partitioning.gate import pays
from .partitioning.work import Prices, priced

LONG = 1e-2
"""Seconds of work from which each branch is a task where tasks cost nothing, in the thread that asks."""


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
        return host_pinned_apart(graph, _in_turn(graph, prices, overhead))
    bytes_per_s = machine.bytes_per_s if shares_gil else machine.link_bytes_per_s  # threads share their memory
    groups = partitioning.split(graph, prices, workers, overhead, 1.0 / bytes_per_s)
    return host_pinned_apart(graph, with_results(graph, groups))


def _in_turn(graph: Graph, prices: Prices, overhead: float) -> Groups:
    """The groups of a graph that are not worth running side by side: a single one, or each long branch by itself.

    Arguments:
        graph: the graph.
        prices: of each node, from `priced`.
        overhead: seconds that starting a task costs.
    """
    whole = tuple([i for i, price in enumerate(prices) if price is not None])
    seconds = sum([price.seconds for price in prices if price is not None])
    if overhead == 0.0 and seconds >= LONG:
        return each_apart(graph, whole)
    return (whole,) if whole else ()
