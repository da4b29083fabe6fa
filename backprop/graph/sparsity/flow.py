"""Which elements of a graph's results depend on which elements of its inputs: never fewer than do.

The dependence of each value follows from those of its operands (ops/core/dependence.py), node by node. An op without a
rule makes all of its result depend on all that its operands depend on. Values of indices have to be known; which of
them are wanted, `places` says.

Source: A. Walther, Computing sparse Hessians with automatic differentiation, TOMS 34(1), 2008: index sets are handed
along the graph.
Limits: a scan of more than STEPS steps is taken to mix all that its steps read; indices inside of bodies are not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy

from ...ops.arrays.tuples import item, make_tuple, taken
from ...ops.core.batching import ALONG_AXES, STACKS
from ...ops.core.dependence import Dependence, DependRule, Reading, along, chosen, of_matrices, together
from ...ops.core.op import Kind, Op
from ...ops.core.types import NumericType, TupleType, ValueType
from ..autodiff.control_flow import branch, call, switch
from ..autodiff.differentiate import active as active_ids
from ..autodiff.loop import Loop
from ..autodiff.loops import scan
from ..graph import Graph, Node, NodeId, bodies

STEPS = 64
"""Steps of a scan that are followed one by one."""

Flow = Any
"""The dependence of a value, a tuple of those of its items, or None where it depends on nothing."""


def places(graph: Graph, wrt: Sequence[NodeId]) -> list[NodeId]:
    """The ids whose values `pattern` wants: integers that say where elements go.

    Arguments:
        graph: the graph.
        wrt: ids of the inputs.
    """
    active = active_ids(graph, wrt)
    found: set[NodeId] = set()
    for node in graph.nodes:
        if node.op.depends is not None and any([active[i] for i in node.inputs]):
            found.update([i for i in node.inputs if _is_integer(graph.type_of(i))])
    return sorted(found)


def _is_integer(type: ValueType[Any]) -> bool:
    return isinstance(type, NumericType) and type.dtype.kind in "iu"


def pattern(graph: Graph, wrt: Sequence[NodeId], values: Mapping[NodeId, Any]) -> Any:
    """A sparse matrix of booleans with a row for each element of the results and a column for each of the inputs.

    Arguments:
        graph: the graph; its results with a derivative count, one after the other.
        wrt: ids of the inputs, one after the other.
        values: those of `places`, as far as they are known.
    Returns:
        a `scipy.sparse.csr_array`.
    """
    types: list[Any] = [graph.inputs[i] for i in wrt]
    starts = np.cumsum([0, *[math.prod(t.shape) for t in types]]).tolist()
    width = starts[-1]
    given = {i: Dependence.of_input(t.shape, start, width) for i, t, start in zip(wrt, types, starts, strict=False)}
    flows = _flow(graph, [given.get(i) for i in range(graph.first)], values, width)
    rows = [_rows(flows[i], graph.type_of(i), width) for i in graph.outputs if graph.type_of(i).differentiable]
    return scipy.sparse.vstack(rows, format="csr") if rows else scipy.sparse.csr_array((0, width), dtype=bool)


def _rows(flow: Flow, type: Any, width: int) -> Any:
    if isinstance(flow, Dependence):
        return flow.rows()
    return scipy.sparse.csr_array((math.prod(type.shape), width), dtype=bool)


def _flow(graph: Graph, inputs: Sequence[Flow], values: Mapping[NodeId, Any], width: int) -> list[Flow]:
    """The dependence of each id."""
    flows: list[Flow] = list(inputs)
    for node in graph.nodes:
        flows.append(_of_node(graph, node, [flows[i] for i in node.inputs], values, width))
    return flows


def _of_node(graph: Graph, node: Node, operands: Sequence[Flow], values: Mapping[NodeId, Any], width: int) -> Flow:
    if not node.type.differentiable or all(flow is None for flow in operands):
        return None
    if node.op is make_tuple:
        return tuple(operands)
    if node.op in (item, taken) and isinstance(operands[0], tuple):
        return operands[0][node.param("index")]
    types: list[Any] = [graph.type_of(i) for i in node.inputs]
    if bodies(node):
        return _of_bodies(node, operands, width) or _all(node.type, operands)
    if rule_of(node.op) is None or not all(isinstance(t, NumericType) for t in types):
        return _all(node.type, operands)
    known = [_dependence(flow, t, width) for flow, t in zip(operands, types, strict=True)]
    return _by_rule(node, known, [values.get(i) for i in node.inputs]) or _all(node.type, operands)


def _by_rule(node: Node, operands: Sequence[Dependence], values: Sequence[Any]) -> Flow:
    """The dependence of a node's value; None where its rule does not tell."""
    rule = rule_of(node.op)
    assert rule is not None
    types: Any = node.type.items if isinstance(node.type, TupleType) else (node.type,)
    found = [rule(Reading(node.op, operands, values, dict(node.params), t.shape)) for t in types]
    if any(one is None for one in found):
        return None
    return tuple(found) if isinstance(node.type, TupleType) else found[0]


def rule_of(op: Op) -> DependRule | None:
    """What the result of an op depends on: its own rule, or what its kind and its batching rule imply."""
    if op.depends is not None:
        return op.depends
    if op.is_elementwise:
        return _of_elements
    if op.kind is Kind.VIEW:
        return _of_view
    return along if op.batch is ALONG_AXES else of_matrices if op.batch is STACKS else None


def _of_elements(reading: Reading) -> Dependence:
    return together(reading.operands, reading.shape)


def _of_view(reading: Reading) -> Dependence:
    x = reading.operands[0]
    return Dependence(reading.op.compute(x.labels, **reading.params), x.sets)


def _dependence(flow: Flow, type: Any, width: int) -> Dependence:
    """The dependence of a numeric operand, that of a constant where it depends on nothing."""
    if isinstance(flow, Dependence):
        return flow
    return Dependence(np.zeros(type.shape, np.intp), scipy.sparse.csr_array((1, width), dtype=bool))


def _all(type: ValueType[Any], operands: Sequence[Flow]) -> Flow:
    """The dependence of a value all of which depends on all that the operands depend on."""
    return _shaped(type, together([part.everywhere(()) for flow in operands for part in _parts(flow)], ()))


def _parts(flow: Flow) -> list[Dependence]:
    if isinstance(flow, tuple):
        return [part for one in flow for part in _parts(one)]
    return [] if flow is None else [flow]


def _shaped(type: ValueType[Any], whole: Dependence) -> Flow:
    if isinstance(type, TupleType):
        return tuple([_shaped(t, whole) if t.differentiable else None for t in type.items])
    return whole.spread(type.shape) if isinstance(type, NumericType) else whole


# Ops that hold graphs.


def _of_bodies(node: Node, operands: Sequence[Flow], width: int) -> Flow:
    """The dependence of the results of bodies; None where they are not looked into."""
    graphs: tuple[Graph, ...] = node.param("bodies")
    if node.op in (call, branch):
        return _results(graphs[0], operands, width)
    if node.op is switch:
        found = [_results(body, operands[1:], width) for body in graphs]
        return tuple([_either(flows) for flows in zip(*found, strict=True)])
    if node.op is scan and node.param("loop").length <= STEPS:
        return _of_scan(graphs[0], node.param("loop"), operands, width)
    return None


def _results(body: Graph, operands: Sequence[Flow], width: int) -> tuple[Flow, ...]:
    flows = _flow(body, operands, {}, width)
    return tuple([flows[i] for i in body.outputs])


def _either(flows: Sequence[Flow]) -> Flow:
    parts = [flow for flow in flows if isinstance(flow, Dependence)]
    return together(parts, parts[0].labels.shape) if parts else None


def _of_scan(body: Graph, loop: Loop, operands: Sequence[Flow], width: int) -> Flow:
    """Step by step."""
    carries, rows, constants = loop.parts(operands)
    outputs: list[Any] = [*body.output_types[loop.carries :], *[body.inputs[k] for k in loop.kept]]
    stacked: list[list[Flow]] = [[] for _ in outputs]
    for t in loop.steps():
        before = [carries[k] for k in loop.kept]
        found = _results(body, [*carries, *[_row(row, t) for row in rows], *constants], width)
        carries = list(found[: loop.carries])
        for column, value in zip(stacked, [*found[loop.carries :], *before], strict=True):
            column.append(value)
    order = slice(None, None, -1 if loop.backwards else 1)
    return (*carries, *[_stacked(column[order], t, width) for column, t in zip(stacked, outputs, strict=True)])


def _row(flow: Flow, t: int) -> Flow:
    return Dependence(np.asarray(flow.labels[t]), flow.sets) if isinstance(flow, Dependence) else None


def _stacked(column: Sequence[Flow], type: Any, width: int) -> Flow:
    if all(flow is None for flow in column):
        return None
    return chosen([_dependence(flow, type, width) for flow in column], lambda *labels: np.stack(labels))
