"""Many sweeps through the derivative of a function at once: the seeds have a batch as their first axis.

    reverse    (inputs, known values, cotangents of the results)   ->  cotangents of the arguments
    forward    (inputs, known values, tangents of the arguments)   ->  tangents of the results

What does not depend on seeds, such as the function's value, is computed once.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ...graph.autodiff.differentiate import differentiate
from ...graph.autodiff.split import supply
from ...graph.batching.batched import batched
from ...graph.graph import Graph, NodeId
from ...graph.verify import verify
from ...ops.core.types import NumericType, numeric
from ..verbs.forward import forward_graph

Ids = tuple[NodeId, ...]


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
    return batched(single, [i >= given for i in range(single.first)], size)


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
