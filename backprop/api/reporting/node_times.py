"""How long each node of a plan takes alone: its tasks run once, one after the other, node by node, each timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...graph.graph import Graph, parameters
from ...graph.ownership import contiguous
from ...graph.subgraph import uses
from ...ops.core.op import Kind
from ...reports.description import Description
from ...scheduler.entry import entered
from ...scheduler.executors.readiness import run_in_order
from ...scheduler.machine.blas import blas_threads
from ...scheduler.programs.kernels import kernel_of
from ...scheduler.programs.program import compile_program
from ..watching import Seen

LEAST, MOST, ENOUGH_S = 2, 12, 0.1
"""Runs of which the quickest counts, op by op: the first one meets cold caches, and others meet what else the machine
does. There are two at least, and more while all have taken less than these seconds."""

Times = Mapping[tuple[str, int, bool], float]
"""Seconds by op, index of the line, and direction."""


def node_times(seen: Seen, description: Description) -> list[Times]:
    """The seconds of the nodes of each task of a plan; nothing where its values are not at hand.

    Arguments:
        seen: a plan that ran, with its values.
        description: whose lines the times are told by.
    """
    places = {(line.file, line.number): k for k, line in enumerate(description.lines)}
    found: list[dict[tuple[str, int, bool], float]] = [{} for _ in seen.plan.tasks]
    if not seen.executor.shares_gil:  # values lie elsewhere, and so do the times
        return list(found)
    start = time.perf_counter()
    for k in range(MOST):
        if k >= LEAST and time.perf_counter() - start > ENOUGH_S:
            break
        times: list[dict[tuple[str, int, bool], float]] = [{} for _ in seen.plan.tasks]
        runners = [_timed(task.body, each, places) for task, each in zip(seen.plan.tasks, times, strict=True)]
        with blas_threads(seen.executor.blas_threads), np.errstate(all="ignore"):  # what is wrong has been told
            run_in_order(seen.plan, entered(seen.plan, seen.values), runners)
        found = [
            {key: min(t, old.get(key, t)) for key, t in new.items()} for old, new in zip(found, times, strict=True)
        ]
    return list(found)


def _timed(
    body: Graph, times: dict[tuple[str, int, bool], float], places: Mapping[tuple[str, int], int]
) -> Callable[..., tuple[Any, ...]]:
    """What runs a graph node by node and adds up what each took."""
    keys = []
    for node in body.nodes:
        source = node.source
        line = -1 if source is None else places[source.file, source.line]
        keys.append((node.op.name, line, source is not None and source.derivative))

    def run(*values: Any) -> tuple[Any, ...]:
        cells: list[Any] = list(values)
        unread = uses(body)
        for node, key in zip(body.nodes, keys, strict=True):
            args, kernel = [cells[i] for i in node.inputs], kernel_of(body, node)
            params = parameters(node, compile_program) if node.op.kernel is None else {}  # a kernel knows them
            start = time.perf_counter()
            value = kernel(*args, **params)
            times[key] = times.get(key, 0.0) + time.perf_counter() - start
            cells.append(value if node.op.kind is Kind.VIEW else contiguous(value))
            _drop(cells, node.inputs, unread)
        return tuple([contiguous(cells[i]) for i in body.outputs])

    return run


def _drop(cells: list[Any], inputs: Sequence[int], unread: list[int]) -> None:
    """Let go of values that nobody reads any more."""
    for i in inputs:
        unread[i] -= 1
        if not unread[i]:
            cells[i] = None
