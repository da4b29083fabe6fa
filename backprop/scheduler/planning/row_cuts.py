"""A task that takes a few rows of an input is sent these rows only."""

from __future__ import annotations

from typing import Any

from ...graph.graph import Graph, Node
from ...ops.arrays.indexing.items import basic_index
from ...ops.arrays.indexing.keys import Slice
from ...ops.core.types import ArrayType, ValueType, array_type
from .plan import PlanInput


def row_cut(graph: Graph, node: Node) -> tuple[PlanInput, tuple[Any, ...]] | None:
    """How a node that takes rows of an input is cut.

    Arguments:
        graph: the graph.
        node: a node of it.
    Returns:
        the rows, and what remains of the key, () where nothing does; None where the node takes no run of rows.
    """
    if node.op is not basic_index or node.inputs[0] >= graph.first:
        return None
    key: Any = node.param("key")
    t = graph.inputs[node.inputs[0]]
    rows = _rows(key[0]) if key and isinstance(t, ArrayType) else None
    if rows is None or not isinstance(t, ArrayType) or rows[1] - rows[0] == t.shape[0]:
        return None
    return PlanInput(node.inputs[0], rows), _relative(key)


def _rows(item: Any) -> tuple[int, int] | None:
    if isinstance(item, int):
        return item, item + 1
    return (item.start, max(item.start, item.stop)) if item.step == 1 and item.stop is not None else None


def _relative(key: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(key[0], int):
        return (0, *key[1:])
    return (Slice(0, key[0].stop - key[0].start, 1), *key[1:]) if len(key) > 1 else ()


def rows_type(t: ValueType[Any], rows: tuple[int, int] | None) -> ValueType[Any]:
    """The type of some rows of a value; that of the value where `rows` is None."""
    if rows is None:
        return t
    assert isinstance(t, ArrayType)
    return array_type((rows[1] - rows[0], *t.shape[1:]), t.dtype)
