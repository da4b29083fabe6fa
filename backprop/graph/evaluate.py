"""Node by node, in this thread: the meaning of a graph, and the oracle of every other way to run it.

Each value of an op that is no view is C-contiguous. Sums and products take their order of additions from the layout
of their operands, so this rule, which programs keep too, makes the bits of a result a property of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..ops.core.op import Kind
from ..ops.core.types import ScalarType, ValueType
from .graph import Graph, Node, parameters
from .ownership import contiguous


def evaluate(graph: Graph, values: Sequence[Any]) -> tuple[Any, ...]:
    """The results of a graph.

    Arguments:
        graph: the graph.
        values: a value for each input, of its type.
    Returns:
        a value for each output; one may alias an input or another output.
    Errors:
        whatever an op raises, with a note that names the op and the user's line.
    """
    known = [entered(t, value) for t, value in zip(graph.inputs, values, strict=True)]
    for node in graph.nodes:
        try:
            known.append(evaluate_node(node, [known[i] for i in node.inputs]))
        except Exception as error:
            error.add_note(f"in {node.op.name}, at {node.source}")
            raise
    return tuple(known[i] for i in graph.outputs)


def evaluate_node(node: Node, operands: Sequence[Any]) -> Any:
    """The value of a node, for values of its operands."""
    value = node.op.compute(*operands, **parameters(node, Evaluated))
    return value if node.op.kind is Kind.VIEW else contiguous(value)


def entered(t: ValueType[Any], value: Any) -> Any:
    """A value as graphs take it: C-contiguous; of a Python number that of NumPy, as values are strongly typed."""
    return t.dtype.type(value) if isinstance(t, ScalarType) else contiguous(value)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A graph as something to call: (*values) -> results."""

    graph: Graph

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The results."""
        return evaluate(self.graph, values)
