"""Reverse mode, from graph to graph: the joint graph computes the results and the cotangents of inputs together.

    (inputs) -> outputs     becomes     (inputs[, cotangents of outputs]) -> (outputs, cotangents of `wrt`)

Nodes are walked backwards, and each vjp rule emits nodes as user code does. Three things that each rule would otherwise
repeat are done here, once: broadcasting is undone, a dtype is restored, and a value used n times gets one n-ary sum, in
the order of its consumers. The cotangent None stands for zero, so that branches that the results do not depend on cost
nothing. Two things stand beside this file: the mask rule in `masks`, and in `shortcuts` what is known of two functions
that follow each other.

Source: Griewank and Walther, Evaluating Derivatives, 2nd ed. 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ops.core.types import NumericType, ValueType
from ..graph import Graph, NodeId
from ..tracing.builder import Builder
from ..tracing.var import Var
from ..verify import verify
from .rule_graphs import ByRepeatedRules


def differentiate(graph: Graph, wrt: Sequence[NodeId], seeded: bool = False) -> Graph:
    """The joint graph of a graph and its reverse pass.

    Arguments:
        graph: what to differentiate; where not seeded, its first output is a real scalar.
        wrt: ids of the inputs whose cotangents are wanted.
        seeded: whether the cotangents of the outputs are further inputs, behind the graph's own; otherwise the first
            output has the cotangent 1 and the others have none.
    Returns:
        a graph whose outputs are the graph's own, then a cotangent for each id of `wrt`, of the input's type.
    Errors:
        NotDifferentiableError: an op without a derivative lies between `wrt` and an output.
        BadCotangentError: a rule's answer does not fit its input.
    """
    builder = Builder()
    for type in graph.inputs:
        builder.input(type)
    builder.extend(graph.nodes)
    reverse = ByRepeatedRules(graph, builder, active(graph, wrt))
    seeds: list[tuple[NodeId, Var[Any]]] = []
    for k, i in enumerate(graph.outputs):
        if seeded and graph.type_of(i).differentiable:
            seeds.append((i, builder.input(graph.type_of(i))))
        elif not seeded and k == 0:
            reverse.contribute(i, builder.literal(one(graph.type_of(i))))
    for i, seed in seeds:
        reverse.masks.seed(seed)
        reverse.contribute(i, seed)
    reverse.walk()
    cotangents = [reverse.total(i) for i in wrt]
    joint, _ = builder.build([*graph.outputs, *(var.id for var in cotangents)])
    return verify(joint, "differentiate", graph)


def one(type: ValueType[Any]) -> Any:
    """The seed of a result of a type with one element: what it is differentiated by itself."""
    assert isinstance(type, NumericType)
    if type.shape:
        return np.ones(type.shape, type.dtype)
    return 1.0 if type.weak and type.dtype.kind == "f" else type.dtype.type(1)


def active(graph: Graph, wrt: Sequence[NodeId]) -> list[bool]:
    """For each id, whether it has a derivative with respect to `wrt`."""
    wanted = set(wrt)
    found = [i in wanted and type.differentiable for i, type in enumerate(graph.inputs)]
    for node in graph.nodes:
        found.append(any([found[i] for i in node.inputs]) and node.type.differentiable)
    return found
