"""When a graph is worth optimising: a pure decision over plain numbers.

Making a joint graph, passes over it, a plan and a program take some twenty times as long as what a program then saves
in a run. So who calls a function with ever new graphs is answered by the tape, and who calls it with the same graph
again and again gets the program when the runs so far would have paid for it: as in renting or buying skis, this costs
at most twice what the better of the two would have cost.

Source: A. R. Karlin, M. S. Manasse, L. Rudolph, D. D. Sleator, Competitive snoopy caching, Algorithmica 3, 1988.
"""

from __future__ import annotations

from math import ceil

OPTIMISING_S = 1e-4
"""Seconds that a node of a function takes to be differentiated, optimised and planned, with all that it leads to."""

TAPE_S = 4e-6
"""Seconds that a node of a function takes longer from the tape than in a program."""

PASSES_SAVE = 0.2
"""The share of a run's work that passes, blocks and memory that is used again save."""


def calls_that_pay(nodes: int, work_s: float, span_s: float, workers: int) -> int:
    """How many runs of a graph pay for optimising and planning it: it is optimised at the run of this number.

    Arguments:
        nodes: of the graph.
        work_s: predicted seconds of a run that hold no GIL.
        span_s: those on the longest way through the graph.
        workers: how many tasks can run at once.
    """
    shared_s = work_s - max(span_s, work_s / workers)
    return ceil(OPTIMISING_S / (TAPE_S + (PASSES_SAVE * work_s + shared_s) / max(nodes, 1)))
