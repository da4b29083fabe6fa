"""Split work over large arrays into blocks of rows, which are branches like any other.

A tile group (see tile_groups.py) is computed block by block: all its nodes on the first rows, then on the next. What is
used inside it is never whole, so an elementwise chain stays in a core's cache, a forward and its reverse pass share
each block, and the partition finds independent branches. What is needed whole is joined; what merges rows (a sum, x.T @
g) becomes partial results and a binary tree of them.

Members that need a whole result of their own group, as x - mean(x) does, run in a later round through the blocks. The
round of a node is the number of joins and merges on the way to it, at most; it never falls along an edge, and rises
where what a group made is read whole. So the members of one round are a unit that can run as one.

Blocks depend on shapes alone, never on the number of threads, so all executors give the same bits. Elementwise results
are those of the whole array to the bit; sums add up in another order, and products may round otherwise.

Source: M. Wolfe, More iteration space tiling, Supercomputing 1989; one level of it, over rows.
Cost: linear in the nodes times the blocks.
Limits: joining copies what another task has made.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Slice
from ....ops.arrays.joins import concat_along
from ....ops.arrays.views import permute
from ....ops.core.types import array_type, numeric, scalar_type
from ....ops.elementwise.arithmetic import divide
from ...graph import Graph, Literal, NodeId, literal
from ...params import NO_PARAMS, Params
from ...rewrite import Rewriter
from ...subgraph import pruned
from .row_rules import block, cut, is_constant_along, partial_op, with_rows
from .tile_groups import Demand, Sizes, TileGroup, any_large, tile_groups

Unit = list[NodeId]


def tile_rows(graph: Graph, sizes: Sizes = Sizes()) -> Graph:  # noqa: B008 - immutable
    """The graph with work over large arrays split into blocks of rows.

    Arguments:
        graph: the graph.
        sizes: what is large, and how large blocks are.
    Returns:
        the graph; itself where nothing is large.
    """
    found = tile_groups(graph, sizes) if any_large(graph, sizes) else []
    return pruned(_Splitter(graph, found).build()) if found else graph


# Units, and their order.


def units(graph: Graph, demand: Demand, found: Sequence[TileGroup]) -> list[Unit]:
    """What runs as one: a node, or the members of a group in one round; each after what it reads.

    Arguments:
        graph: the graph.
        demand: what of it is needed.
        found: its tile groups.
    Returns:
        the ids of each unit, ascending; units in the order of their last ids, as far as they can be.
    """
    number = {i: k for k, group in enumerate(found) for i in group.members}
    rounds = _rounds(graph, demand)
    together: dict[tuple[int, int], Unit] = {}
    for i in sorted(demand.needed):
        key = (number[i], rounds[i]) if i in number else (-1, i)
        together.setdefault(key, []).append(i)
    return _ordered(demand, list(together.values()))


def _rounds(graph: Graph, demand: Demand) -> list[int]:
    """For each id, how many joins and merges are on the way to it, at most; 0 where it is not needed."""
    rounds = [0] * (graph.first + len(graph))
    for i in sorted(demand.needed):
        giver = demand.producers(i)
        rounds[i] = max([rounds[j] + (j in demand.rows and j not in giver) for j in demand.reads(i)], default=0)
    return rounds


def _ordered(demand: Demand, made: list[Unit]) -> list[Unit]:
    home = {i: k for k, unit in enumerate(made) for i in unit}
    before = [{home[j] for i in unit for j in demand.reads(i) if j in home} - {k} for k, unit in enumerate(made)]
    after: list[list[int]] = [[] for _ in made]
    for k, read in enumerate(before):
        for p in read:
            after[p].append(k)
    waiting = [len(read) for read in before]
    ready = [(made[k][-1], k) for k, count in enumerate(waiting) if not count]
    heapify(ready)
    order = []
    while ready:
        k = heappop(ready)[1]
        order.append(made[k])
        for s in after[k]:
            waiting[s] -= 1
            if not waiting[s]:
                heappush(ready, (made[s][-1], s))
    return order


# Writing them.


class _Splitter(Rewriter):
    """Writes the new graph; `new_ids` says where each old id went that is needed whole."""

    def __init__(self, graph: Graph, found: Sequence[TileGroup]) -> None:
        super().__init__(graph)
        self.new_ids += [-1] * len(graph)
        self.edges = {i: group.edges for group in found for i in group.members}
        self.demand = Demand.of(graph, {i: rows for group in found for i, rows in group.members.items()})
        self.rows = self.demand.rows
        self.pieces: dict[tuple[NodeId, int], NodeId] = {}  # what members made of the block that starts at a row
        self.partial: dict[NodeId, list[tuple[int, NodeId]]] = {}  # subtrees of merges: levels, falling, and roots
        for unit in units(graph, self.demand, found):
            if unit[0] in self.rows:
                self.split(unit)
            else:
                self.new_ids[unit[0]] = self.add(self.remapped(graph.node(unit[0])))

    def split(self, unit: Unit) -> None:
        """Write members of a group block by block."""
        for start, stop in pairwise(self.edges[unit[0]]):
            for i in unit:
                self.pieces[i, start] = self.block(i, start, stop)
                if self.rows[i].merge is not None:
                    self.merge(i, self.pieces[i, start])
        for i in unit:
            if i in self.demand.whole:
                self.new_ids[i] = self.joined(i) if self.rows[i].merge is None else self.total(i)

    def block(self, i: NodeId, start: int, stop: int) -> NodeId:
        """Some rows of a member, or its partial result from them.

        Arguments:
            i: the id of the member.
            start, stop: the first row, and the one behind the last.
        """
        rows, given = self.rows[i], self.demand.producers(i)
        operands = []
        for j, split in zip(rows.reads, rows.split, strict=True):
            if split:
                operands.append(self.pieces[j, start] if j in given else self.slice(j, start, stop))
            else:
                operands.append(self.new_ids[j])
        if rows.turned:
            operands[0] = self.turned(operands[0])
        return self.add(block(self.graph.node(i), rows, operands, stop - start))

    def slice(self, j: NodeId, start: int, stop: int) -> NodeId:
        """Some rows of a value that is computed whole.

        Arguments:
            j: its id in the old graph.
            start, stop: the first row, and the one behind the last.
        """
        type = with_rows(self.graph.type_of(j), stop - start)
        if is_constant_along(self.graph, j):
            node = self.remapped(self.graph.node(j))
            return self.emit(node.op, node.inputs, cut(node.params, stop - start), type, node.source)
        return self.emit(basic_index, (self.new_ids[j],), Params.of(key=(Slice(start, stop, 1),)), type, None)

    def turned(self, i: NodeId) -> NodeId:
        """The transpose of a new id."""
        (t,) = numeric("blocks", self.type_of(i))
        return self.emit(permute, (i,), Params.of(axes=(1, 0)), array_type(t.shape[::-1], t.dtype), None)

    def joined(self, i: NodeId) -> NodeId:
        """The whole of a member by rows."""
        node = self.graph.node(i)
        parts = [self.pieces[i, start] for start in self.edges[i][:-1]]
        return self.emit(concat_along, parts, Params.of(axis=0), node.type, node.source)

    def merge(self, i: NodeId, piece: NodeId) -> None:
        """Add the partial result of the next block to the tree; two subtrees of the same height become one at once."""
        node, op, level = self.graph.node(i), self.rows[i].merge, 0
        subtrees = self.partial.setdefault(i, [])
        while subtrees and subtrees[-1][0] == level and op is not None:
            piece = self.emit(op, (subtrees.pop()[1], piece), NO_PARAMS, node.type, node.source)
            level += 1
        subtrees.append((level, piece))

    def total(self, i: NodeId) -> NodeId:
        """The result of a member that merges rows; there is one subtree, as blocks are a power of two."""
        node = self.graph.node(i)
        ((_, total),) = self.partial[i]
        if partial_op(node.op) is node.op:
            return total
        out, operand = numeric("blocks", node.type, self.graph.type_of(node.inputs[0]))
        count = Literal.of(out.dtype.type(operand.size // out.size))
        divisor = self.emit(literal, (), Params.of(value=count), scalar_type(out.dtype), None)
        return self.emit(divide, (total, divisor), NO_PARAMS, node.type, node.source)
