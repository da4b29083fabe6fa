"""Masks that are known while a function is differentiated, since they follow from keys and shapes alone.

A mask that is true everywhere says nothing. The cotangent of a wave that is recorded in one row has reached every
element after some steps; without its mask's value all the steps before would move masks about as well.

Limits: values of up to LARGEST elements, and no more than HELD bytes of them, the latest ones; what is not known stays
a mask that is found at run time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops.arrays.creation import filled
from ....ops.core.types import NumericType
from ...evaluate import evaluate_node
from ...graph import NodeId, literal
from ...tracing.builder import Builder

LARGEST = 1 << 16
HELD = 1 << 24


class KnownValues:
    """The values of the nodes of a builder that follow from booleans which are known, and from numbers.

    Arguments:
        builder: what is in it already is not looked at, but for its literals.
    """

    __slots__ = ("_builder", "_bytes", "_seen", "_values")

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._values: dict[NodeId, np.ndarray[Any, Any]] = {}
        self._bytes = 0
        self._seen = len(builder.nodes)

    def is_true_everywhere(self, i: NodeId) -> bool:
        """Whether the value of an id is known, and every element of it is true."""
        nodes = self._builder.nodes
        for k in range(self._seen, len(nodes)):
            self._find(k)
        self._seen = len(nodes)
        return i in self._values and bool(np.all(self._values[i]))

    def _find(self, i: NodeId) -> None:
        """Keep the value of a node, where it follows from what is known."""
        node = self._builder.nodes[i]
        if node is None or not isinstance(node.type, NumericType) or node.type.size > LARGEST or node.op.runs_once:
            return
        if node.type.dtype.kind != "b" and not any([j in self._values for j in node.inputs]):
            return
        operands = [self._value(j) for j in node.inputs]
        if (operands or node.op in (filled, literal)) and all([value is not None for value in operands]):
            self._keep(i, self._value(i) if node.op is literal else evaluate_node(node, operands))

    def _value(self, i: NodeId) -> Any:
        node = self._builder.nodes[i]
        if node is not None and node.op is literal:
            return node.param("value").value
        return self._values.get(i)

    def _keep(self, i: NodeId, value: Any) -> None:
        self._values[i] = np.asarray(value)
        self._bytes += self._values[i].nbytes
        while self._bytes > HELD:
            self._bytes -= self._values.pop(next(iter(self._values))).nbytes
