"""A graph for one value becomes a graph for many: what depends on a batched input gets the batch as its first axis.

Each op says how it is computed for many operands at once, by its batching rule (`ops/core/batching.py`). What has none
runs in a loop over the batch, one op a loop. What cannot be stacked, such as a value of a user's class, is computed
once for each place in the batch. What does not depend on a batched input is computed once for all.

Source: the batching rules of jax.vmap; Frostig, Johnson, Leary, Compiling machine learning programs via high-level
tracing, 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.arrays.as_array import stack
from ...ops.arrays.tuples import item, make_tuple, taken
from ...ops.arrays.views import broadcast_to
from ...ops.core.types import NumericType, ValueType, value_type
from ..graph import Graph, Node, bodies
from ..tracing.builder import Builder
from ..tracing.var import Var
from .loops import looped, with_batched_bodies
from .values import Each, Several, Single, Stacked, Value


def batched(graph: Graph, flags: Sequence[bool], size: int) -> Graph:
    """The graph of many evaluations of a graph.

    Arguments:
        graph: what is evaluated.
        flags: for each input, whether each evaluation has a value of its own; these inputs have the batch as their
            first axis.
        size: the number of evaluations, the length of the batch.
    Returns:
        the graph whose results have the batch as their first axis, those that are the same for all included.
    Errors:
        GraphTypeError: an input or a result that is to be batched is no array or number.
    """
    builder = Builder()
    inputs = [builder.input(with_batch(t, size) if flag else t) for t, flag in zip(graph.inputs, flags, strict=True)]
    results = [var.id for var in batch_into(builder, graph, inputs, flags, size)]
    return builder.build(results)[0]


def with_batch(type: ValueType[Any], size: int) -> NumericType[Any]:
    """The type of many values of a type."""
    assert isinstance(type, NumericType)
    return value_type((size, *type.shape), type.dtype)


def batch_into(
    builder: Builder, graph: Graph, inputs: Sequence[Var[Any]], flags: Sequence[bool], size: int
) -> list[Var[Any]]:
    """The results of many evaluations of a graph, as new nodes of a builder.

    Arguments:
        builder: what the nodes become part of.
        graph: what is evaluated.
        inputs: Vars of the builder, one for each input.
        flags: for each of them, whether the batch is its first axis.
        size: the length of the batch.
    """
    values: list[Value] = [Stacked(x) if flag else Single(x) for x, flag in zip(inputs, flags, strict=True)]
    for node in graph.nodes:
        builder.source = node.source
        values.append(_applied(builder, node, [values[i] for i in node.inputs], size))
    return [_spread(values[i], size) for i in graph.outputs]


def _applied(builder: Builder, node: Node, operands: Sequence[Value], size: int) -> Value:
    """The value of a node for all places in the batch."""
    if all(isinstance(value, Single) for value in operands):
        ids = tuple([value.var.id for value in operands if isinstance(value, Single)])
        return Single(builder.append(node.reading(ids)))
    if node.op is make_tuple:
        return Several(tuple(operands))
    if node.op in (item, taken) and isinstance(operands[0], Several):
        index: int = node.param("index")
        return operands[0].items[index]
    if bodies(node):
        return with_batched_bodies(builder, node, operands, size, batched)
    return _by_rule(builder, node, operands, size) or looped(builder, node, operands, size)


def _by_rule(builder: Builder, node: Node, operands: Sequence[Value], size: int) -> Value | None:
    """The value by the batching rule of the op; None where there is none for these operands."""
    rule = node.op.batch_rule
    stacked = [isinstance(value, Stacked) for value in operands]
    variables = [value.var for value in operands if isinstance(value, Single | Stacked)]
    if rule is None or len(variables) < len(operands):
        return None
    if rule.alike:
        variables = [_spread(value, size) for value in operands]
        stacked = [True] * len(operands)
    found = rule.apply(node.op, stacked, variables, dict(node.params))
    if found is NotImplemented:
        return None
    return Stacked(found) if isinstance(found.type, NumericType) else Several.of(found)


def _spread(value: Value, size: int) -> Var[Any]:
    """A value with the batch as its first axis."""
    if isinstance(value, Stacked):
        return value.var
    if isinstance(value, Each):
        return stack(list(value.vars))  # type: ignore[no-any-return]
    if isinstance(value, Single):
        return broadcast_to(value.var, (size, *value.var.shape))  # type: ignore[no-any-return]
    raise AssertionError("a tuple is no result of a graph")
