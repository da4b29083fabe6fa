"""What has no batching rule: one op in a loop over the batch, and ops that hold graphs.

An op whose operands and results are arrays and numbers becomes the body of a scan over the batch, so that the graph
stays as large as it was. One that runs once, or that takes or returns other values, is applied at each place.

A body that is chosen by one index for all is batched itself, and so is that of a scan or of a checkpoint; a choice by
an index that differs from place to place is a loop, as each place runs another body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ops.arrays.as_array import stack
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.tuples import item, make_tuple
from ...ops.arrays.views import broadcast_to
from ...ops.core.types import NumericType, TupleType, ValueType, value_type
from ..autodiff.control_flow import append, branch, call, emit, switch
from ..autodiff.loop import Loop
from ..autodiff.loops import scan
from ..graph import Graph, Node
from ..tracing.builder import Builder
from ..tracing.var import Var
from .values import Each, Several, Single, Stacked, Value

Batch = Callable[[Graph, Sequence[bool], int], Graph]


# One op in a loop.


def looped(builder: Builder, node: Node, operands: Sequence[Value], size: int) -> Value:
    """The value of a node, computed place by place.

    Arguments:
        builder: what the new nodes become part of.
        node: of the graph of one evaluation.
        operands: its operands.
        size: the length of the batch.
    """
    if node.op.runs_once or not size or not all(_is_numeric(v) for v in operands) or not _can_be_stacked(node.type):
        return _unrolled(builder, node, operands, size)
    rows = [value.var for value in operands if isinstance(value, Stacked)]
    constants = [value.var for value in operands if isinstance(value, Single)]
    body = _body(node, operands)
    loop = Loop(0, len(rows), size)
    found = emit(builder, scan, [*rows, *constants], {"bodies": (body,), "loop": loop})
    results = [Stacked(item(found, index=k)) for k in range(len(body.outputs))]
    return Several(tuple(results)) if isinstance(node.type, TupleType) else results[0]


def _is_numeric(value: Value) -> bool:
    return isinstance(value, Stacked) or (isinstance(value, Single) and isinstance(value.var.type, NumericType))


def _can_be_stacked(type: ValueType[Any]) -> bool:
    parts = type.items if isinstance(type, TupleType) else (type,)
    return all(isinstance(part, NumericType) for part in parts)


def _body(node: Node, operands: Sequence[Value]) -> Graph:
    """The graph of a node: (a row of each stacked operand, the others) -> its value, item by item."""
    builder = Builder()
    builder.source = node.source
    rows = iter([builder.input(_row(v.var.type)) for v in operands if isinstance(v, Stacked)])
    constants = iter([builder.input(v.var.type) for v in operands if isinstance(v, Single)])
    given = [next(rows if isinstance(value, Stacked) else constants) for value in operands]
    made = _again(builder, node, given)
    parts = [item(made, index=k) for k in range(len(node.type.items))] if isinstance(node.type, TupleType) else [made]
    return builder.build([var.id for var in parts])[0]


def _row(type: Any) -> NumericType[Any]:
    return value_type(type.shape[1:], type.dtype)


def _again(builder: Builder, node: Node, operands: Sequence[Var[Any]]) -> Var[Any]:
    """A node of the same op and params, by its type rule: a row may be a number where the operand was an array."""
    params = dict(node.params)
    type = node.op.infer(*[var.type for var in operands], **params)
    ids = tuple([var.id for var in operands])
    return builder.append(Node(node.op, ids, node.params, type, node.source))


def _unrolled(builder: Builder, node: Node, operands: Sequence[Value], size: int) -> Value:
    made = [_again(builder, node, [_at(value, k) for value in operands]) for k in range(size)]
    return _gathered(made, node.type)


def _at(value: Value, k: int) -> Var[Any]:
    """The value at a place in the batch."""
    if isinstance(value, Stacked):
        return value.var[k]  # type: ignore[no-any-return]
    if isinstance(value, Several):
        parts = [_at(part, k) for part in value.items]
        return append(parts[0].builder, make_tuple, parts, TupleType(tuple([part.type for part in parts])))
    return value.vars[k] if isinstance(value, Each) else value.var


def _gathered(made: Sequence[Var[Any]], type: ValueType[Any]) -> Value:
    if isinstance(type, TupleType):
        columns = [[item(var, index=k) for var in made] for k in range(len(type.items))]
        return Several(tuple([_gathered(column, t) for column, t in zip(columns, type.items, strict=True)]))
    return Stacked(stack(made)) if isinstance(type, NumericType) else Each(tuple(made))


# Ops that hold graphs.


def with_batched_bodies(builder: Builder, node: Node, operands: Sequence[Value], size: int, batch: Batch) -> Value:
    """The value of a node that holds graphs.

    Arguments:
        builder: what the new nodes become part of.
        node: of the graph of one evaluation.
        operands: its operands.
        size: the length of the batch.
        batch: from a graph to its batched graph.
    """
    whole = all(_is_numeric(value) for value in operands) and _can_be_stacked(node.type)
    if node.op is scan and whole:
        return _batched_scan(builder, node, operands, size, batch)
    if node.op in (call, branch) and whole:
        return _batched_choice(builder, node, [], operands, size, batch)
    if node.op is switch and whole and isinstance(operands[0], Single):
        return _batched_choice(builder, node, operands[:1], operands[1:], size, batch)
    return looped(builder, node, operands, size)


def _batched_choice(
    builder: Builder, node: Node, chosen: Sequence[Value], operands: Sequence[Value], size: int, batch: Batch
) -> Value:
    flags = [isinstance(value, Stacked) for value in operands]
    graphs = tuple([batch(body, flags, size) for body in node.param("bodies")])
    given = [value.var for value in (*chosen, *operands) if isinstance(value, Single | Stacked)]
    found = emit(builder, node.op, given, {"bodies": graphs})
    return Several.of(found)


def _batched_scan(builder: Builder, node: Node, operands: Sequence[Value], size: int, batch: Batch) -> Value:
    """A scan of batched steps: rows and what is stacked have the batch behind the axis of steps."""
    loop: Loop = node.param("loop")
    (body,) = node.param("bodies")
    carries, rows, constants = loop.parts(operands)
    spread = [_spread(value, size) for value in carries]
    turned = [moveaxis(v.var, 0, 1) if isinstance(v, Stacked) else v.var for v in rows]
    flags = [*[True] * loop.carries, *[isinstance(value, Stacked) for value in (*rows, *constants)]]
    given = [*spread, *turned, *[value.var for value in constants]]
    found = emit(builder, scan, given, {"bodies": (batch(body, flags, size),), "loop": loop})
    last = [Stacked(item(found, index=k)) for k in range(loop.carries)]
    count = len(node.type.items)  # type: ignore[attr-defined]
    stacked = [Stacked(moveaxis(item(found, index=k), 0, 1)) for k in range(loop.carries, count)]
    return Several((*last, *stacked))


def _spread(value: Any, size: int) -> Var[Any]:
    if isinstance(value, Stacked):
        return value.var
    return broadcast_to(value.var, (size, *value.var.shape))  # type: ignore[no-any-return]
