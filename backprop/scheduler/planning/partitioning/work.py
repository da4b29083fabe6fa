"""What is to be scheduled: the nodes of a graph that cost something, with their prices and edges.

Views, literals and other nodes without operands are recomputed by every task that reads them, and dead nodes are
dropped; what is left has a price. Items are numbered afresh, and edges lead through the views between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ....graph.graph import Graph, NodeId
from ....graph.subgraph import live
from ...machine.cost import Cost, Machine, costs, free_nodes


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be scheduled: item k is the node `ids[k]`; items are in topological order.

    Arguments:
        ids: the node of each item.
        seconds: of each item.
        nbytes: of each item's result.
        before: the items that each item reads, through views.
        after: the items that read each item.
    """

    ids: list[NodeId]
    seconds: list[float]
    nbytes: list[int]
    before: list[tuple[int, ...]]
    after: list[list[int]]


Prices: TypeAlias = list[Cost | None]


def priced(graph: Graph, machine: Machine) -> Prices:
    """For each id what it costs; None for inputs, dead nodes and what each task recomputes."""
    first, alive, free = graph.first, live(graph), free_nodes(graph)
    found = enumerate(costs(graph, machine), first)
    return [*[None] * first, *[price if alive[i] and not free[i] else None for i, price in found]]


def compact(graph: Graph, prices: Prices) -> Work:
    """The items of a graph, with their costs and edges."""
    work = Work([], [], [], [], [])
    sources: list[tuple[int, ...]] = [()] * graph.first
    for i, node in enumerate(graph.nodes, graph.first):
        read = _union([sources[j] for j in node.inputs])
        price = prices[i]
        if price is None:
            sources.append(read)
            continue
        sources.append((len(work.ids),))
        _append(work, i, price.seconds, price.nbytes, read)
    return work


def _union(parts: list[tuple[int, ...]]) -> tuple[int, ...]:
    return parts[0] if len(parts) == 1 else tuple(dict.fromkeys([k for part in parts for k in part]))


def _append(work: Work, i: NodeId, seconds: float, nbytes: int, read: tuple[int, ...]) -> None:
    for k in read:
        work.after[k].append(len(work.ids))
    work.ids.append(i)
    work.seconds.append(seconds)
    work.nbytes.append(nbytes)
    work.before.append(read)
    work.after.append([])


def upward_ranks(work: Work) -> list[float]:
    """Seconds from the start of each item to the end of the longest way from it."""
    ranks = list(work.seconds)
    for k in range(len(ranks) - 1, -1, -1):
        if work.after[k]:
            ranks[k] += max([ranks[s] for s in work.after[k]])
    return ranks


def start_times(work: Work) -> list[float]:
    """Seconds from the start until each item can start, with a worker for each."""
    starts: list[float] = []
    for before in work.before:
        latest = 0.0
        for p in before:
            latest = max(latest, starts[p] + work.seconds[p])
        starts.append(latest)
    return starts
