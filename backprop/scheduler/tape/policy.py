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

WORTH_SHARING = 1e-3
"""Seconds of work without the GIL from which threads may be worth their while."""


def is_worth_optimising(seen: int, parallel_s: float) -> bool:
    """Whether to optimise and plan a graph now, rather than to run it from its tape.

    Arguments:
        seen: how many times the graph has been seen, this time included.
        parallel_s: predicted seconds of one run that hold no GIL, so that threads could share them.
    """
    return seen >= OFTEN or parallel_s >= WORTH_SHARING
