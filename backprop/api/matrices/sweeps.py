"""Many sweeps through the derivative of a function at once: the seeds have a batch as their first axis.

    reverse    (inputs, known values, cotangents of the results)   ->  cotangents of the arguments
    forward    (inputs, known values, tangents of the arguments)   ->  tangents of the results

What does not depend on seeds, such as the function's value, is computed once. Sweeps whose values would take much
memory together are taken in turns, by a loop that is one node.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import numpy as np

from ...graph.autodiff.control_flow import emit
from ...graph.autodiff.differentiate import differentiate
from ...graph.autodiff.loop import Loop
from ...graph.autodiff.loops import scan
from ...graph.autodiff.split import split, supply
from ...graph.batching.batched import batched, with_batch
from ...graph.graph import Graph, NodeId
from ...graph.tracing.builder import Builder
from ...graph.tracing.var import Var
from ...graph.verify import verify
from ...ops.arrays.joins import concatenate
from ...ops.arrays.tuples import item
from ...ops.arrays.views import reshape
from ...ops.core.types import NumericType, numeric
from ..verbs.forward import forward_graph

Ids = tuple[NodeId, ...]

AT_ONCE = 1 << 27
"""Bytes up to which a value may take in all sweeps that are computed at once."""


class Mode(Enum):
    """Which way a sweep goes."""

    FORWARD = "forward"
    REVERSE = "reverse"


def sweeps(graph: Graph, wrt: Ids, known: Ids, mode: Mode, size: int) -> Graph:
    """The graph of some sweeps, of which one for each place in the batch.

    Arguments:
        graph: of the function.
        wrt: ids of the inputs to differentiate by.
        known: ids of nodes whose values are given.
        mode: which way the sweeps go.
        size: how many they are.
    Errors:
        NotDifferentiableError: an op has no derivative, or in forward mode none of its rule.
    """
    verify(graph, "trace")
    single = _reverse(graph, wrt, known) if mode is Mode.REVERSE else _forward(graph, wrt, known)
    given = graph.first + len(known)
    turns = min(size, math.ceil(size * _largest(single) / AT_ONCE))
    if turns > 1:
        return _in_turns(single, given, size, turns)
    return batched(single, [i >= given for i in range(single.first)], size)


def _largest(graph: Graph) -> int:
    """The bytes of the largest value."""
    return max([type.nbytes for type in (*graph.inputs, *[node.type for node in graph.nodes])], default=0)


def _in_turns(single: Graph, given: int, size: int, turns: int) -> Graph:
    """The graph of some sweeps, a few at a time.

    Arguments:
        single: the graph of one sweep.
        given: how many of its inputs are no seeds.
        size: how many sweeps there are.
        turns: how many steps they are taken in.
    """
    parts = split(single, 0, single.first - given)
    width = math.ceil(size / turns)
    builder = Builder()
    values = [builder.input(t) for t in single.inputs[:given]]
    seeds = [builder.input(with_batch(t, size)) for t in single.inputs[given:]]
    rows = [_steps(seed, turns, width) for seed in seeds]
    constants = builder.inline(parts.forward, values)
    step = _step(parts.pullback, len(constants), width)
    found = emit(builder, scan, [*rows, *constants], {"bodies": (step,), "loop": Loop(0, len(rows), turns)})
    stacked = [item(found, index=k) for k in range(len(step.outputs))]
    results = [reshape(x, (turns * width, *x.shape[2:]))[:size] for x in stacked]
    return builder.build([x.id for x in results])[0]


def _steps(seed: Var[Any], turns: int, width: int) -> Var[Any]:
    """Seeds as rows of so many seeds each, filled up with zeros."""
    lacking = turns * width - seed.shape[0]
    if lacking:
        zeros = np.zeros((lacking, *seed.shape[1:]), seed.dtype)
        seed = concatenate([seed, zeros])
    return reshape(seed, (turns, width, *seed.shape[1:]))  # type: ignore[no-any-return]


def _step(pullback: Graph, constants: int, width: int) -> Graph:
    """(seeds, residuals) -> the results of a few sweeps."""
    flags = [i >= constants for i in range(pullback.first)]
    graph = batched(pullback, flags, width)
    builder = Builder()
    seeds = [builder.input(t) for t in graph.inputs[constants:]]
    residuals = [builder.input(t) for t in graph.inputs[:constants]]
    return builder.build([var.id for var in builder.inline(graph, [*residuals, *seeds])])[0]


def _reverse(graph: Graph, wrt: Ids, known: Ids) -> Graph:
    joint = differentiate(graph, wrt, seeded=True)
    pulled = Graph(joint.inputs, joint.nodes, joint.outputs[len(graph.outputs) :])
    return supply(pulled, graph, known)


def _forward(graph: Graph, wrt: Ids, known: Ids) -> Graph:
    whole = forward_graph(graph, wrt, known)
    places = [k for k, type in enumerate(graph.output_types, len(graph.outputs)) if type.differentiable]
    return Graph(whole.inputs, whole.nodes, tuple([whole.outputs[k] for k in places]))


def results(graph: Graph) -> tuple[NumericType[Any], ...]:
    """The types of the results that have a derivative.

    Errors:
        GraphTypeError: one is no array or number.
    """
    return numeric("jacobian", *(type for type in graph.output_types if type.differentiable))


def arguments(graph: Graph, wrt: Ids) -> tuple[NumericType[Any], ...]:
    """The types of the inputs to differentiate by.

    Errors:
        GraphTypeError: one is no array or number.
    """
    return numeric("jacobian", *(graph.inputs[i] for i in wrt))
