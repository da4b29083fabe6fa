"""Telling a user at a terminal how far a long graph is on its way through the passes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import wraps

from ...graph.graph import Graph
from ...graph.passes import Pass
from ...scheduler.patience.waiting import Told, told_of
from ..verbs.telling import LONG


def told_of_long(graph: Graph, steps: int) -> AbstractContextManager[Told | None]:
    """A user at a terminal is told of a graph that takes long to prepare, beyond a second of it.

    Arguments:
        graph: the graph.
        steps: that its preparation has.
    """
    return told_of(f"preparing {len(graph):,} nodes", total=steps) if len(graph) > LONG else nullcontext()


def counted(passes: tuple[Pass, ...], told: Told | None) -> tuple[Pass, ...]:
    """The passes, each of which says of a long graph when it is done; those of short bodies in it say nothing.

    Arguments:
        passes: the passes.
        told: is told; None for nobody.
    """
    if told is None or not told.listens:
        return passes

    def telling(step: Pass) -> Pass:
        @wraps(step)
        def run(graph: Graph) -> Graph:
            result = step(graph)
            if len(graph) > LONG:
                told.advance()
            return result

        return run

    return tuple(map(telling, passes))
