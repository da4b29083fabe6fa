"""When a graph is worth optimising: pure decisions over plain numbers.

Making a joint graph, passes over it, a plan and a program take some ten times as long as running the graph once from
its tape. So who calls a function with ever new graphs is answered by the tape, and who calls it with the same graph
again and again pays for the program when it has been seen a few times: as in renting or buying skis, this costs at
most twice what the better of the two would have cost.

Source: A. R. Karlin, M. S. Manasse, L. Rudolph, D. D. Sleator, Competitive snoopy caching, Algorithmica 3, 1988.
"""

from __future__ import annotations

OFTEN = 3
"""The time a graph is seen at which it is optimised."""

OPTIMISING_S = 1e-4
"""Seconds that a node of a function takes to be differentiated, optimised and planned, with all that it leads to."""


def is_seen_often(seen: int) -> bool:
    """Whether a graph has been seen so many times, this time included, that it is optimised."""
    return seen >= OFTEN


def pays_at_once(nodes: int, work_s: float, span_s: float, workers: int) -> bool:
    """Whether a graph is worth optimising and planning before it first runs, since threads would share its work.

    Arguments:
        nodes: of the graph.
        work_s: predicted seconds of a run that hold no GIL.
        span_s: those on the longest way through the graph.
        workers: how many tasks can run at once.
    """
    return work_s - max(span_s, work_s / workers) > OPTIMISING_S * nodes
