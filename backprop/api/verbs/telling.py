"""Telling a user at a terminal that a graph runs from its tape."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from ...scheduler.patience.waiting import AFTER, Told, told_of
from ...scheduler.tape.reading import Reading

LONG = 5_000
"""Nodes from which the user may have to wait for a graph."""


def told_of_tape(reading: Reading) -> AbstractContextManager[Told | None]:
    """A user at a terminal is told of a graph that takes long to run from its tape, beyond a second of it.

    Arguments:
        reading: of the graph.
    """
    is_long = reading.work_s >= AFTER or len(reading.graph) > LONG
    return told_of(f"running {len(reading.graph):,} nodes, and back") if is_long else nullcontext()
