"""How long each node of a plan takes: its tasks run once, one after the other, each timed node by node.

Tasks run the programs that they run anyway, in the memory that these have, with a look at the clock behind each line.
Programs that have no lines, those of very long graphs, are interpreted node by node.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ...graph.graph import Graph, parameters
from ...graph.ownership import contiguous
from ...graph.subgraph import uses
from ...ops.core.op import Kind
from ...reports.description import Description
from ...scheduler.entry import entered
from ...scheduler.executors.readiness import run_in_order
from ...scheduler.learning.node_clock import NodeClock
from ...scheduler.machine.blas import blas_threads
from ...scheduler.planning.plan import Task
from ...scheduler.programs.kernels import kernel_of
from ...scheduler.programs.program import compile_program
from ..watching import Seen

LEAST, MOST, ENOUGH_S = 3, 15, 0.1
"""Runs of which the median counts, node by node; there are three at least, and more while all have taken less than
these seconds."""

Times = Mapping[tuple[str, int, bool], float]
"""Seconds by op, index of the line, and direction."""


class _Clock(Protocol):
    """What runs a task, and has the seconds of its nodes afterwards."""

    seconds: list[float]

    def __call__(self, *values: Any) -> tuple[Any, ...]: ...


def node_times(seen: Seen, description: Description) -> list[Times]:
    """The seconds of the nodes of each task of a plan; nothing where its values are not at hand.

    Arguments:
        seen: a plan that ran, with its values.
        description: whose lines the times are told by.
    """
    if not seen.executor.is_measured:  # tasks run elsewhere, and take other times there
        return [{} for _ in seen.plan.tasks]
    places = {(line.file, line.number): k for k, line in enumerate(description.lines)}
    runs, start = list[list[list[float]]](), time.perf_counter()
    while len(runs) < LEAST or (len(runs) < MOST and time.perf_counter() - start < ENOUGH_S):
        runs.append(_timed(seen))
    return [
        _summed(task.body, np.median(seconds, axis=0).tolist(), places)
        for task, seconds in zip(seen.plan.tasks, zip(*runs, strict=True), strict=True)
    ]


def _timed(seen: Seen) -> list[list[float]]:
    """The seconds of the nodes of each task in one run."""
    clocks = [_clock(task) for task in seen.plan.tasks]
    with blas_threads(seen.executor.blas_threads), np.errstate(all="ignore"):  # what is wrong has been told
        run_in_order(seen.plan, entered(seen.plan, seen.values), clocks)
    return [clock.seconds for clock in clocks]


def _clock(task: Task) -> _Clock:
    return NodeClock.of(task) or _Interpreter(task.body)


def _summed(body: Graph, seconds: Sequence[float], places: Mapping[tuple[str, int], int]) -> Times:
    """The seconds of nodes by op, line and direction."""
    times: dict[tuple[str, int, bool], float] = {}
    for node, took in zip(body.nodes, seconds, strict=True):
        source = node.source
        line = -1 if source is None else places[source.file, source.line]
        key = node.op.name, line, source is not None and source.derivative
        times[key] = times.get(key, 0.0) + took
    return times


class _Interpreter:
    """Runs a graph node by node, and times each; arguments and attributes are those of _Clock."""

    def __init__(self, body: Graph) -> None:
        self.seconds = [0.0] * len(body)
        self._body = body

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        cells, unread = list[Any](values), uses(self._body)
        for k, node in enumerate(self._body.nodes):
            args, kernel = [cells[i] for i in node.inputs], kernel_of(self._body, node)
            params = parameters(node, compile_program) if node.op.kernel is None else {}  # a kernel knows them
            start = time.perf_counter()
            value = kernel(*args, **params)
            self.seconds[k] = time.perf_counter() - start
            cells.append(value if node.op.kind is Kind.VIEW else contiguous(value))
            _drop(cells, node.inputs, unread)
        return tuple([contiguous(cells[i]) for i in self._body.outputs])


def _drop(cells: list[Any], inputs: Sequence[int], unread: list[int]) -> None:
    """Let go of values that nobody reads any more."""
    for i in inputs:
        unread[i] -= 1
        if not unread[i]:
            cells[i] = None
