"""Telling a user at a terminal how far a long graph is on its way through the passes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import TypeAlias

from ...graph.graph import Graph
from ...scheduler.patience.waiting import AFTER, Told, told_of
from ...scheduler.tape.reading import Reading

Pass: TypeAlias = Callable[[Graph], Graph]

LONG = 5_000
"""Nodes from which the user may have to wait for a graph to be prepared."""


def told_of_long(graph: Graph, steps: int) -> AbstractContextManager[Told | None]:
    """A user at a terminal is told of a graph that takes long to prepare, beyond a second of it.

    Arguments:
        graph: the graph.
        steps: that its preparation has.
    """
    return told_of(f"preparing {len(graph):,} nodes", total=steps) if len(graph) > LONG else nullcontext()


def told_of_tape(reading: Reading) -> AbstractContextManager[Told | None]:
    """A user at a terminal is told of a graph that takes long to run from its tape, beyond a second of it.

    Arguments:
        reading: of the graph.
    """
    is_long = reading.work_s >= AFTER or len(reading.graph) > LONG
    return told_of(f"running {len(reading.graph):,} nodes, and back") if is_long else nullcontext()


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
