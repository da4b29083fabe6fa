"""Telling a user at a terminal how far the work is that a verb has to do: passes over a long graph, tasks of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps

from ...graph.graph import Graph
from ...graph.passes import Pass
from ...scheduler.events import Event, Recorder, TaskFinished
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.patience.waiting import Told, told_of
from ...scheduler.planning.plan import Plan

LONG = 5_000
"""Nodes from which the user may have to wait for a graph to be prepared."""


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


@contextmanager
def told_of_tasks(executor: AbstractExecutor, plan: Plan) -> Iterator[AbstractExecutor]:
    """The executor for a plan that takes long, telling a user at a terminal of each task that is done.

    Workers of a cluster tell what ran when all has run, and so their tasks are not counted.

    Arguments:
        executor: the executor.
        plan: what it will run.
    """
    total = len(plan.tasks) if executor.shares_gil and len(plan.tasks) > 1 else None
    with told_of(f"running {len(plan.tasks)} tasks on {executor}", total=total) as told:
        yield executor.recording(_Counting(told, executor.recorder)) if told.listens and total else executor


class _Counting(Recorder):
    """A recorder that tells a user of each task that is done, and passes events on."""

    def __init__(self, told: Told, further: Recorder | None) -> None:
        super().__init__()
        self._told, self._further = told, further

    def record(self, event: Event) -> None:
        if isinstance(event, TaskFinished):
            self._told.advance()
        if self._further is not None:
            self._further.record(event)
