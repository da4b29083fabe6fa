"""Cut the order of branches into runs of equal work, at the places where the fewest values are alive.

`passes/order.py` puts the nodes of a branch, forward and back, next to each other; between two branches hardly any
value waits to be read. So a run of nodes that ends there is one branch, or several, and a task of its own.

Linear in the items. Limits: branches that are woven together, as in a grid, have no such places; for them there are
linear clustering (clusters.py) and placement (placement.py).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

WINDOW = 0.4
"""How far a cut may be from where it would make equal runs, in runs."""

LEVEL = 10.0
"""How many values alive a cut counts that is a whole run off."""


def segments(seconds: Sequence[float], after: Sequence[Sequence[int]], count: int) -> list[int]:
    """The run of each item.

    Arguments:
        seconds: of each item, in order.
        after: the items that read each.
        count: how many runs there are to be, at most.
    Returns:
        for each item the index of its run.
    """
    alive = _alive(after)
    ends = list(accumulate(seconds))
    share = ends[-1] / count if ends else 0.0
    cuts = [0]
    for k in range(1, count):
        low = max(cuts[-1] + 1, bisect_left(ends, (k - WINDOW) * share))
        high = min(len(seconds) - 1, bisect_left(ends, (k + WINDOW) * share))
        if low <= high:
            ideal = k * share
            cuts.append(min(range(low, high + 1), key=lambda p: alive[p] + LEVEL * abs(ends[p - 1] - ideal) / share))
    runs: list[int] = []
    for run, (start, stop) in enumerate(pairwise([*cuts, len(seconds)])):
        runs += [run] * (stop - start)
    return runs


def _alive(after: Sequence[Sequence[int]]) -> list[int]:
    """For each place, before an item, how many earlier values are read there or behind."""
    changes = [0] * (len(after) + 1)
    for i, readers in enumerate(after):
        if readers:
            changes[i + 1] += 1
            changes[max(readers) + 1 if max(readers) + 1 < len(changes) else len(after)] -= 1
    return list(accumulate(changes))[: len(after)]
