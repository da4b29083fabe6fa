"""What ops do to rows, the elements along axis 0: how a node can be computed a block of rows at a time.

There are two ways. A node *by rows* makes a block of its result from the same block of some operands, and others whole:
elementwise ops, reductions of other axes, a product by its left operand. A node that *merges* rows makes a partial
result of each block, and an op merges two of these: reductions of axis 0, and x.T @ g, where x and g share the rows.

Limits: scans, gathers, solvers, user ops and ops that hold graphs are not split, nor is a reshape that changes axis 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from ....ops.arrays.creation import filled
from ....ops.arrays.indexing.items import basic_index, scatter_basic
from ....ops.arrays.indexing.keys import Slice
from ....ops.arrays.views import expand_to, permute, reshape_to, sum_to
from ....ops.core.op import Kind, Op
from ....ops.core.types import NumericType, Shape, ValueType, array_type, numeric
from ....ops.elementwise.arithmetic import add, multiply
from ....ops.elementwise.comparison import logical_and, logical_or
from ....ops.elementwise.complex_parts import imag, real
from ....ops.elementwise.conversion import cast
from ....ops.elementwise.exponential import logaddexp
from ....ops.elementwise.selection import maximum, minimum, replace_nan
from ....ops.linear_algebra.products import matmul, row_dot
from ....ops.reductions.log_sums import log_softmax_along, reduce_logsumexp, softmax_along
from ....ops.reductions.questions import reduce_all, reduce_any
from ....ops.reductions.reductions import (
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_var,
)
from ...graph import Graph, Node, NodeId
from ...params import Params

SMALL = 2
"""How many times smaller than its operands x.T @ g has to be, to be made of partial products rather than by rows."""


@dataclass(frozen=True, slots=True)
class Rows:
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


Type: TypeAlias = NumericType[Any]
Found: TypeAlias = Rows | None


def rows_of(graph: Graph, node: Node) -> Rows | None:
    """How a node can be computed a block of rows at a time.

    Arguments:
        graph: the graph.
        node: one of its nodes.
    Returns:
        its Rows; None where it cannot.
    """
    rule = RULES.get(node.op, _elementwise if node.op.kind is Kind.ELEMENTWISE else None)
    types = (node.type, *[graph.type_of(i) for i in node.inputs])
    if rule is None or not all([isinstance(t, NumericType) for t in types]):
        return None
    return _turned_product(graph, node) or rule(node, *numeric("rows", *types))


# The rules: from a node, the type of its result and those of its operands.


def _split(node: Node, out: Type, operands: Sequence[Type], split: Sequence[bool], merge: Op | None = None) -> Found:
    """The Rows of a node, None where nothing is split."""
    inside = [t for t, is_split in zip(operands, split, strict=True) if is_split]
    if not inside or not inside[0].shape:
        return None
    return Rows(inside[0].shape[0], node.inputs, tuple(split), max([t.size for t in (*inside, out)]), merge)


def _elementwise(node: Node, out: Type, *operands: Type, extra: int = 0) -> Found:
    """An operand that has all axes is split, where it is not broadcast along axis 0."""
    n = out.shape[:1]
    return _split(node, out, operands, [bool(n) and t.ndim == out.ndim + extra and t.shape[:1] == n for t in operands])


def _reduction(merge: Op | None, node: Node, out: Type, x: Type) -> Found:
    """A reduction of other axes is by rows, one of axis 0 merges them."""
    inner = 0 not in node.param("axes")
    return _split(node, out, (x,), (inner or merge is not None,), None if inner else merge)


def _mean(node: Node, out: Type, x: Type) -> Found:
    return _reduction(add if x.dtype.kind in "fc" else None, node, out, x)


def _sum_to(node: Node, out: Type, x: Type) -> Found:
    return _split(node, out, (x,), (True,), None if x.ndim == out.ndim and x.shape[:1] == out.shape[:1] else add)


def _reshape(node: Node, out: Type, x: Type) -> Found:
    return _split(node, out, (x,), (x.shape[:1] == out.shape[:1],))


def _permute(node: Node, out: Type, x: Type) -> Found:
    return _split(node, out, (x,), (node.param("axes")[:1] == (0,),))


def _index(node: Node, out: Type, x: Type) -> Found:
    return _split(node, out, (x,), (_all_rows(node.param("key"), x.shape),))


def _scatter(node: Node, out: Type, x: Type) -> Found:
    key = node.param("key")
    axes = sum([isinstance(k, Slice) for k in key]) + out.ndim - len(key)
    return _split(node, out, (x,), (_all_rows(key, out.shape) and x.ndim == axes and x.shape[0] == out.shape[0],))


def _all_rows(key: Any, shape: Shape) -> bool:
    return bool(key) and bool(shape) and key[0] == Slice(0, shape[0], 1)


def _row_dot(node: Node, out: Type, x: Type, y: Type) -> Found:
    return _elementwise(node, out, x, y, extra=1) if out.shape else _split(node, out, (x, y), (True, True), add)


def _product(node: Node, out: Type, x: Type, y: Type) -> Found:
    if y.ndim > 2:
        return _elementwise(node, out, x, y) if x.ndim == y.ndim else None
    return _split(node, out, (x, y), (True, True), add) if x.ndim == 1 else _split(node, out, (x, y), (True, False))


def _turned_product(graph: Graph, node: Node) -> Found:
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
    return Rows(x.shape[0], reads, (True, True), max(x.size, g.size), add, turned=True)


RULES: Mapping[Op, Callable[..., Found]] = MappingProxyType(
    {
        basic_index: _index,
        cast: _elementwise,
        expand_to: _elementwise,
        imag: _elementwise,
        log_softmax_along: partial(_reduction, None),
        matmul: _product,
        permute: _permute,
        real: _elementwise,
        reduce_all: partial(_reduction, logical_and),
        reduce_any: partial(_reduction, logical_or),
        reduce_logsumexp: partial(_reduction, logaddexp),
        reduce_max: partial(_reduction, maximum),
        reduce_mean: _mean,
        reduce_min: partial(_reduction, minimum),
        reduce_prod: partial(_reduction, multiply),
        reduce_std: partial(_reduction, None),
        reduce_sum: partial(_reduction, add),
        reduce_var: partial(_reduction, None),
        replace_nan: _elementwise,
        reshape_to: _reshape,
        row_dot: _row_dot,
        scatter_basic: _scatter,
        softmax_along: partial(_reduction, None),
        sum_to: _sum_to,
    }
)


def is_constant_along(graph: Graph, i: NodeId) -> bool:
    """Whether an id is a node of which all rows are equal, and which can be made with fewer of them."""
    node = graph.node(i) if i >= graph.first else None
    return node is not None and (node.op is filled or (node.op is expand_to and rows_of(graph, node) is None))


# What computes a block.


def block(node: Node, rows: Rows, operands: Sequence[NodeId], length: int) -> Node:
    """What computes a block of a node.

    Arguments:
        node: the node.
        rows: its Rows.
        operands: the ids of what it reads, blocks or whole.
        length: the rows of the block.
    Returns:
        the node of the block: of its rows of the result, or of its partial result.
    """
    if rows.merge is not None:
        op = reduce_sum if node.op is reduce_mean else node.op
        return Node(op, tuple(operands), node.params, node.type, node.source)
    params = cut(node.params, length) if node.op in SHAPED else node.params
    return Node(node.op, tuple(operands), params, with_rows(node.type, length), node.source)


SHAPED = frozenset({basic_index, expand_to, filled, reshape_to, scatter_basic, sum_to})
"""Ops whose parameters tell the number of rows."""


def cut(params: Params, length: int) -> Params:
    """The parameters of a block: a shape has its number of rows, a key takes all its rows."""
    heads = {"shape": length, "key": Slice(0, length, 1)}
    return Params(tuple([(name, (heads[name], *value[1:]) if name in heads else value) for name, value in params]))


def with_rows(type: ValueType[Any], length: int) -> ValueType[Any]:
    """The type of some rows of a value."""
    (t,) = numeric("rows", type)
    return array_type((length, *t.shape[1:]), t.dtype)
