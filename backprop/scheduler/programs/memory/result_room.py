"""Room in results: what a program needs only before it writes a result lies in the memory of that result.

A result that is kept for the next run is there from the start of a run, and often the last thing to be written: the
gradient of the first layer is as large as all activations. So a slab of the arena whose last use comes before the
result is written takes no memory of its own.

Limits: slabs do not share a place, even where one is free before the other is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ....graph.graph import NodeId

LEAST = 1 << 15
"""Bytes from which a slab lies in a result: its arrays are made anew in each run, 0.4 us each."""

ALIGNED = 64
"""Bytes that the start of a place is a multiple of: a line of the cache, and the widest register."""


class Span(NamedTuple):
    """Memory, and the nodes between which it is used.

    Arguments:
        nbytes: how much it is.
        first: the first node that writes to it.
        last: the last node that reads it.
    """

    nbytes: int
    first: NodeId
    last: NodeId


class Room(NamedTuple):
    """A place in a result.

    Arguments:
        result: which result.
        offset: bytes from its start.
    """

    result: int
    offset: int


def rooms(slabs: Mapping[int, Span], results: Sequence[Span]) -> dict[int, Room]:
    """Which slabs lie in results, and where: the largest first, each in the result that is written last.

    Arguments:
        slabs: of the arena, by their numbers.
        results: those that are handed out.
    """
    taken = [0] * len(results)
    found: dict[int, Room] = {}
    order = sorted(range(len(results)), key=lambda r: results[r].first, reverse=True)
    for s, slab in sorted(slabs.items(), key=lambda numbered: numbered[1].nbytes, reverse=True):
        fitting = [r for r in order if slab.last < results[r].first and taken[r] + slab.nbytes <= results[r].nbytes]
        if fitting and slab.nbytes >= LEAST:
            r = fitting[0]
            found[s] = Room(r, taken[r])
            taken[r] += -(-slab.nbytes // ALIGNED) * ALIGNED
    return found
