"""Work that goes through narrow places is split there, and each part by itself: steps of a training are such parts.

Between two steps few values are alive: the parameters. With a worker for each item, all of a step has ended when the
next one starts; so the items are walked by the time at which they can start, and the values that are alive are
counted. A valley in that count, far below the peaks on both sides, ends a phase. An item never starts before what it
reads, so phases have no cycle.

Linear in the items, but for sorting them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .work import Work

DEEP = 4
"""How many times fewer values are alive in a valley than at the peaks beside it."""


def phases(work: Work, starts: Sequence[float], least: float) -> list[list[int]]:
    """The items of each phase, ascending; a single phase where there are no narrow places.

    Arguments:
        work: the items.
        starts: until each can start, with a worker for each.
        least: seconds of work in a phase.
    """
    order = sorted(range(len(work.ids)), key=lambda k: (starts[k], k))
    edges = [0, *_long(work, order, _valleys(_alive(work, starts, order)), least), len(order)]
    return [sorted(order[start:stop]) for start, stop in pairwise(edges)]


def part(work: Work, items: Sequence[int]) -> Work:
    """Some items as work of their own; what they read of others counts for nothing.

    Arguments:
        work: the items.
        items: which, ascending.
    """
    number = {k: n for n, k in enumerate(items)}
    return Work(
        [work.ids[k] for k in items],
        [work.seconds[k] for k in items],
        [work.nbytes[k] for k in items],
        [tuple([number[p] for p in work.before[k] if p in number]) for k in items],
        [[number[s] for s in work.after[k] if s in number] for k in items],
    )


def _alive(work: Work, starts: Sequence[float], order: Sequence[int]) -> list[int]:
    """For each place in the order the values that are made before it and read there or later; -1 where items that can
    start at once are on both sides.
    """
    place = {k: n for n, k in enumerate(order)}
    changes = [0] * (len(order) + 1)
    for n, k in enumerate(order):
        if work.after[k]:
            changes[n + 1] += 1
            changes[max([place[s] for s in work.after[k]]) + 1] -= 1
    alive, count = [], 0
    for n in range(len(order)):
        count += changes[n]
        alive.append(count if n and starts[order[n]] > starts[order[n - 1]] else -1)
    return alive


def _valleys(alive: Sequence[int]) -> list[int]:
    """The lowest place between each two peaks that are DEEP times as high."""
    found: list[int] = []
    peak, low = 0, -1
    for n, count in enumerate(alive):
        if count < 0:
            continue
        if low >= 0 and count >= DEEP * max(1, alive[low]):
            found.append(low)
            peak, low = count, -1
        elif count * DEEP <= peak and (low < 0 or count <= alive[low]):
            low = n
        peak = max(peak, count)
    return found


def _long(work: Work, order: Sequence[int], places: Sequence[int], least: float) -> list[int]:
    """The places that leave no phase shorter than `least`, but for the last."""
    kept: list[int] = []
    seconds, begin = 0.0, 0
    for place in places:
        seconds += sum([work.seconds[k] for k in order[begin:place]])
        begin = place
        if seconds >= least:
            kept.append(place)
            seconds = 0.0
    return kept
