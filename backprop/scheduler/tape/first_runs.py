"""Whether a gradient is answered by the tape: by what a graph is made of, and by how often it was seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...graph.graph import Graph, NodeId
from ...graph.handle import Handle
from ...graph.tracing.gc_pause import gc_paused
from ...ops.core.cache import cached
from ..planning.target import Target
from .policy import calls_that_pay
from .reading import Reading, read

AT_ONCE = 1
"""The call at which a graph is optimised that the tape cannot answer."""


@dataclass(slots=True, eq=False)
class Sightings:
    """How often a graph was seen.

    Arguments:
        numbers: of its calls; a counter that threads share.
        last: the call at which it is optimised, once that is known.
    """

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    last: float = float("inf")


@cached(lambda graph, wrt, target: (hash(graph), wrt, target.workers))
def seen(graph: Graph, wrt: tuple[NodeId, ...], target: Target) -> Sightings:
    """How often a graph was seen: by its hash, as graphs that run once are not worth keeping.

    Arguments:
        graph: the graph; where two share a hash, they are optimised sooner.
        wrt: ids of the inputs that it is differentiated by.
        target: where it would run if it were planned.
    """
    return Sightings()


def first_reading(graph: Graph, wrt: tuple[NodeId, ...], values: Sequence[Any], target: Target) -> Reading | None:
    """What a tape needs to know of a graph; None where the graph is to be optimised.

    Arguments:
        graph: the graph.
        wrt: ids of the inputs whose cotangents are wanted.
        values: a value for each input.
        target: where the graph would run if it were planned.
    """
    sightings = seen(graph, wrt, target)
    number = next(sightings.numbers)
    if number >= sightings.last or any([isinstance(value, Handle) for value in values]):
        return None
    with gc_paused():
        reading = read(graph, wrt, target.machine)
    if reading is None:
        sightings.last = AT_ONCE
        return None
    sightings.last = calls_that_pay(len(graph), reading.work_s, reading.span_s, target.workers)
    return reading if number < sightings.last else None
