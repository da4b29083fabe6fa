"""Nodes that hold bodies, made one at a time: in the trace that their operands belong to, or run on an executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import BackpropError, GraphTypeError
from ...graph.autodiff.control_flow import emit
from ...graph.graph import Graph
from ...graph.tracing.builder import Builder
from ...graph.tracing.source_lines import located, user_line
from ...graph.tracing.structures.structure import Structure, unflatten
from ...graph.tracing.var import Var
from ...graph.weak_numbers import as_type
from ...ops.core.op import Op
from ...ops.core.types import ValueType, type_of
from ..preparing.graphs import plain
from ..verbs.run import current, handed_out, run_graph, youngest


def node_results(
    op: Op, values: list[Any], output: Structure, types: Sequence[ValueType[Any]] = (), **params: Any
) -> Any:
    """The results of a node that holds bodies: those that make up `output`.

    Arguments:
        op: the node's op.
        values: of its operands.
        output: the structure of the results.
        types: what the first operands are cast to.
        params: the node's parameters.
    """
    return unflatten(output, _run(op, values, types, params, lambda made: [made[k] for k in range(len(output.types))]))


def node_result(op: Op, values: list[Any], **params: Any) -> Any:
    """The only result of a node that holds bodies; the arguments are those of `node_results`."""
    (result,) = _run(op, values, (), params, lambda made: [made])
    return result


def _run(
    op: Op,
    values: list[Any],
    types: Sequence[ValueType[Any]],
    params: dict[str, Any],
    results: Callable[[Any], list[Any]],
) -> list[Any]:
    """The results that are chosen of a node, as they are handed out."""
    builder = Builder()
    builder.source = user_line()
    _check_runs_once(params["bodies"])
    operands: list[Any] = [builder.input(static_type(value)) for value in values]
    operands[: len(types)] = [as_type(var, t) for var, t in zip(operands, types, strict=False)]
    try:
        made: Any = emit(builder, op, operands, params)
    except BackpropError as error:
        raise located(error, builder.source) from None
    graph, _ = builder.build([result.id for result in results(made)])
    executor = current()
    graph = graph if youngest(values) is not None else plain(graph)
    return handed_out(graph.output_types, run_graph(graph, values, executor), values)


def _check_runs_once(bodies: Sequence[Graph]) -> None:
    """Refuse ops that run once in bodies: the reverse pass would run them again, and an executor elsewhere."""
    for node in (node for body in bodies for node in body.nodes):
        if node.op.runs_once:
            what = "is a local op" if node.op.pure else "is not pure"
            raise GraphTypeError(
                f"{node.op.name} {what}, and cannot stand in a switch, match, scan or checkpoint",
                node.source,
                "call it outside, and hand in its result",
            )


def static_type(value: Any) -> ValueType[Any]:
    """The type of a value, traced or plain."""
    return value.type if isinstance(value, Var) else type_of(value)
