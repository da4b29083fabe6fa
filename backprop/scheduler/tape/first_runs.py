"""Whether a gradient is answered by the tape: by what a graph is made of, and by how often it was seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from ...graph.graph import Graph, NodeId
from ...graph.handle import Handle
from ...graph.tracing.gc_pause import gc_paused
from ...ops.core.cache import cached
from ..planning.target import Target
from .policy import is_seen_often, pays_at_once
from .reading import Reading, read


@cached()
def sightings(content: int, wrt: tuple[NodeId, ...]) -> Iterator[int]:
    """Counts how often a graph is seen: by its hash, as graphs that run once are not worth keeping.

    Arguments:
        content: the hash of the graph; where two graphs share one, they are optimised sooner.
        wrt: what it is differentiated by.
    """
    return itertools.count(1)


def first_reading(graph: Graph, wrt: tuple[NodeId, ...], values: Sequence[Any], target: Target) -> Reading | None:
    """What a tape needs to know of a graph; None where the graph is to be optimised.

    Arguments:
        graph: the graph.
        wrt: ids of the inputs whose cotangents are wanted.
        values: a value for each input.
        target: where the graph would run if it were planned.
    """
    seen = next(sightings(hash(graph), wrt))
    if is_seen_often(seen) or any([isinstance(value, Handle) for value in values]):
        return None
    with gc_paused():
        reading = read(graph, wrt, target.machine)
    if reading is None or pays_at_once(len(graph), reading.work_s, reading.span_s, target.workers):
        return None
    return reading
