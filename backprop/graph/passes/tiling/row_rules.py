"""How a node can be computed a block of rows at a time: what its op says of itself (`ops/core/rows.py`), and x.T @ g.

Of x.T @ g, where x and g share the rows, partial results are added up; the transpose is not made as a whole.

Limits: scans, gathers, solvers, user ops and ops that hold graphs are not split, nor is a reshape that changes axis 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....ops.arrays.indexing.keys import Slice
from ....ops.arrays.views import permute
from ....ops.core.op import Op
from ....ops.core.types import NumericType, ValueType, array_type, numeric
from ....ops.elementwise.arithmetic import add
from ....ops.linear_algebra.products import matmul
from ...graph import Graph, Node, NodeId
from ...params import Params

SMALL = 2
"""How many times smaller than its operands x.T @ g has to be, to be made of partial products rather than by rows."""


@dataclass(frozen=True, slots=True)
class RowTiling:
    """How a node can be computed a block of rows at a time.

    Arguments:
        length: the number of rows.
        reads: what the node reads: its operands, or in the place of a transpose what is transposed.
        split: for each of these, whether a block reads only its own rows of it.
        size: the most elements among the result and what is split.
        merge: what merges the results of two blocks; None where they are blocks of the result.
        turned: whether the block of the first operand is transposed before the op.
        sums_up: whether it adds up partial results of what it reads, before these are merged.
    """

    length: int
    reads: tuple[NodeId, ...]
    split: tuple[bool, ...]
    size: int
    merge: Op | None = None
    turned: bool = False
    sums_up: bool = False

    @property
    def blocks(self) -> tuple[NodeId, ...]:
        """The ids of which a block reads only its own rows."""
        return tuple([i for i, split in zip(self.reads, self.split, strict=True) if split])


def row_tiling(graph: Graph, node: Node) -> RowTiling | None:
    """How a node can be computed a block of rows at a time.

    Arguments:
        graph: the graph.
        node: one of its nodes.
    Returns:
        its tiling; None where it cannot.
    """
    rule = node.op.row_rule
    types = (*[graph.type_of(i) for i in node.inputs], node.type)
    if rule is None or not all([isinstance(t, NumericType) for t in types]):
        return None
    turned = _turned_product(graph, node)
    if turned is not None:
        return turned
    found = rule.split(*types, **dict(node.params))
    return None if found is None else RowTiling(found.length, node.inputs, found.split, found.size, found.merge)


def _turned_product(graph: Graph, node: Node) -> RowTiling | None:
    """x.T @ g, where x and g share the rows, and the result is small."""
    if node.op is not matmul or node.inputs[0] < graph.first:
        return None
    left = graph.node(node.inputs[0])
    if left.op is not permute or left.param("axes") != (1, 0):
        return None
    reads = (left.inputs[0], node.inputs[1])
    out, x, g = numeric("rows", node.type, *[graph.type_of(i) for i in reads])
    if g.ndim > 2 or out.size * SMALL > x.size + g.size:
        return None
    return RowTiling(x.shape[0], reads, (True, True), max(x.size, g.size), add, turned=True)


def is_constant_along(graph: Graph, i: NodeId) -> bool:
    """Whether an id is a node of which all rows are equal, and which can be made with fewer of them."""
    rule = graph.node(i).op.rows if i >= graph.first else None
    return rule is not None and rule.repeats and row_tiling(graph, graph.node(i)) is None


# What computes a block.


def block(node: Node, rows: RowTiling, operands: Sequence[NodeId], length: int) -> Node:
    """What computes a block of a node.

    Arguments:
        node: the node.
        rows: its tiling.
        operands: the ids of what it reads, blocks or whole.
        length: the rows of the block.
    Returns:
        the node of the block: of its rows of the result, or of its partial result.
    """
    rule = node.op.rows
    if rows.merge is not None:
        return Node(partial_op(node.op), tuple(operands), node.params, node.type, node.source)
    params = cut(node.params, length) if rule is not None and rule.shaped else node.params
    return Node(node.op, tuple(operands), params, with_rows(node.type, length), node.source)


def partial_op(op: Op) -> Op:
    """The op that makes the partial results of an op that merges rows."""
    return op if op.rows is None or op.rows.partial is None else op.rows.partial


def cut(params: Params, length: int) -> Params:
    """The parameters of a block: a shape has its number of rows, a key takes all its rows."""
    heads = {"shape": length, "key": Slice(0, length, 1)}
    return Params(tuple([(name, (heads[name], *value[1:]) if name in heads else value) for name, value in params]))


def with_rows(type: ValueType[Any], length: int) -> ValueType[Any]:
    """The type of some rows of a value."""
    (t,) = numeric("rows", type)
    return array_type((length, *t.shape[1:]), t.dtype)
