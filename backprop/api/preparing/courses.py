"""The course that a graph takes on an executor: its plan, and what is measured of it; cached by content."""

from __future__ import annotations

from ...graph.graph import Graph
from ...graph.passes import LAST_PASSES, run_passes
from ...graph.passes.smallness import is_small
from ...graph.tracing.gc_pause import gc_paused
from ...graph.written import by_lines
from ...ops.core.cache import cached
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.learning.course import Course
from ...scheduler.learning.switch import measures
from ...scheduler.planning.plan import Plan
from ...scheduler.planning.target import Target
from .telling import counted, told_of_long


def plan_of(executor: AbstractExecutor, graph: Graph) -> Plan:
    """The plan of a graph on an executor as it is now, its work over large arrays split into blocks."""
    return course_of(executor, graph).plan


def course_of(executor: AbstractExecutor, graph: Graph) -> Course:
    """The course of a graph on an executor as it is now: its plan, and what is measured of it."""
    return planned(graph, executor.target, executor.is_measured and measures())


@cached(by_lines)
@gc_paused()
def planned(graph: Graph, target: Target, is_measured: bool) -> Course:
    """The course of a graph for a target, its work over large arrays split into blocks.

    Arguments:
        graph: the graph.
        target: what it is cut for.
        is_measured: whether measured times are to correct its plan.
    """
    with told_of_long(graph, len(LAST_PASSES) + 1) as told:
        last = graph if is_small(graph) else run_passes(graph, counted(LAST_PASSES, told))
        return Course(last, target, is_measured)
