"""Tile groups: which nodes over large arrays are computed block by block, and in how many blocks.

A node is *heavy* where it reads or makes a large array, or multiplies large matrices. It is taken with what lies
between heavy nodes and hands blocks on to them, however light, so that blocks run through without being joined. Nodes
that hand blocks to each other are a *tile group*, with one number of blocks that depends on shapes alone: a power of
two, so that halves are equal. A group whose results would mostly be joined again, which copies them, is left as it is.

Limits: arrays are split along axis 0 only, so a wide one of few rows has few blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ....ops.arrays.accumulate import accumulate
from ....ops.core.op import Kind
from ....ops.core.types import NumericType, ValueType, numeric
from ....ops.elementwise.arithmetic import add
from ....ops.linear_algebra.products import matmul
from ...graph import Graph, Node, NodeId
from .row_rules import RowTiling, row_tiling


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is large, and how large its blocks are.

    Arguments:
        elements: of an array that is large.
        flops: of a product that is large.
        block: elements of a block, so that a few of them fit in a core's L2 cache.
        blocks: of an array, at most.
        few: blocks of all groups that are enough for threads, where the cache does not ask for more.
        fewest: blocks of each of several groups, at least; groups are branches as well, and long products quicker.
        product_rows: rows of a block of a product, at least, so that it runs at full speed.
        nodes: that a group may become, as far as that leaves it `few` blocks.
        total: nodes that all groups together may become: where there are many, they are branches enough.
    """

    elements: int = 1 << 20
    flops: float = 2e8
    block: int = 1 << 16
    blocks: int = 128
    few: int = 16
    fewest: int = 4
    product_rows: int = 256
    nodes: int = 4096
    total: int = 1 << 16


GAIN = 2
"""How many times as much must be computed block by block as is joined afterwards."""

FEEDER = 32
"""How many times smaller than large an array may be that is computed by blocks because only blocks of it are read."""

MANY = 4
"""How many times more rows the blocks of a product have, where there are more than a few."""

INTENSE = 32
"""Operations for each element from which a product is bound by arithmetic."""


@dataclass(frozen=True, slots=True)
class TileGroup:
    """Nodes that hand blocks to each other.

    Arguments:
        edges: the first row of each block, and the end.
        members: how each can be computed block by block, in order.
    """

    edges: tuple[int, ...]
    members: Mapping[NodeId, RowTiling]


@dataclass(frozen=True, slots=True)
class Demand:
    """What the results of a graph need of it, where some nodes are computed block by block.

    Arguments:
        graph: the graph.
        rows: of the nodes that are computed block by block.
        needed: the ids of all nodes that are needed, whole or in blocks.
        whole: the ids that are needed whole.
    """

    graph: Graph
    rows: Mapping[NodeId, RowTiling]
    needed: set[NodeId]
    whole: set[NodeId]

    @classmethod
    def of(cls, graph: Graph, rows: Mapping[NodeId, RowTiling]) -> Demand:
        """The demand of a graph."""
        demand = cls(graph, rows, set(graph.outputs), set(graph.outputs))
        for i in range(graph.first + len(graph) - 1, graph.first - 1, -1):
            if i in demand.needed:
                producers = demand.producers(i)
                demand.needed.update(demand.reads(i))
                demand.whole.update([j for j in demand.reads(i) if j not in producers])
        demand.needed.difference_update(range(graph.first))
        return demand

    def reads(self, i: NodeId) -> tuple[NodeId, ...]:
        """What a node reads."""
        return self.rows[i].reads if i in self.rows else self.graph.node(i).inputs

    def producers(self, i: NodeId) -> list[NodeId]:
        """Of what a node reads, the nodes that hand blocks to it."""
        return producers(self.rows, self.rows[i]) if i in self.rows else []


def producers(rows: Mapping[NodeId, RowTiling], reader: RowTiling) -> list[NodeId]:
    """The nodes that hand blocks, or the partial results of blocks, to a reader that needs no more of them."""
    whole = [j for j, split in zip(reader.reads, reader.split, strict=True) if not split]
    return [j for j in reader.blocks if j in rows and (rows[j].merge is not None) == reader.sums_up and j not in whole]


def any_large(graph: Graph, sizes: Sizes) -> bool:
    """Whether there is a large array or product: a quick look, as few graphs have any."""
    types = {id(t): t for t in (*graph.inputs, *[node.type for node in graph.nodes])}.values()
    if any([_elements(t) >= sizes.elements for t in types]):
        return True
    return any([node.op is matmul and _flops(graph, node) >= sizes.flops for node in graph.nodes])


def _elements(t: ValueType[object]) -> int:
    return t.size if isinstance(t, NumericType) else 0


def _flops(graph: Graph, node: Node) -> float:
    assert node.op.flops is not None
    return float(node.op.flops(*[graph.type_of(i) for i in node.inputs], node.type))


def tile_groups(graph: Graph, sizes: Sizes) -> list[TileGroup]:
    """The groups of nodes of a graph that are computed block by block.

    Arguments:
        graph: the graph.
        sizes: what is large.
    Returns:
        the groups that are worth it; no node is in two.
    """
    candidates = _candidates(graph)
    rows = _with_feeders(graph, _members(graph, candidates, sizes), candidates, sizes)
    whole = Demand.of(graph, rows).whole
    linked = _linked(rows)
    count = max(1, len(linked))
    share = replace(sizes, total=sizes.total // count, few=max(sizes.fewest, sizes.few // count))
    made = [_tile_group(graph, members, whole, share) for members in linked]
    return [group for group in made if group is not None]


# Members.


def _candidates(graph: Graph) -> dict[NodeId, RowTiling]:
    found = {i: row_tiling(graph, node) for i, node in enumerate(graph.nodes, graph.first)}
    return {i: rows for i, rows in found.items() if rows is not None}


def _members(graph: Graph, rows: dict[NodeId, RowTiling], sizes: Sizes) -> dict[NodeId, RowTiling]:
    """The candidates that are heavy or hand blocks on from one heavy node to another."""
    heavy = {i for i in rows if _is_heavy(graph, i, rows[i], sizes)}
    led, leads = set(heavy), set(heavy)
    for i in rows:
        if any([j in led for j in producers(rows, rows[i])]):
            led.add(i)
    for i in reversed(rows):
        if i in leads:
            leads.update(producers(rows, rows[i]))
    taken = heavy | {i for i in led if i in leads or rows[i].size >= sizes.elements}
    return _with_sums(graph, rows, taken)


def _with_sums(graph: Graph, rows: dict[NodeId, RowTiling], taken: set[NodeId]) -> dict[NodeId, RowTiling]:
    """The candidates that are taken, what merges their rows, and sums of contributions from one group.

    A sum over several groups joins none of them: the shards of a batch stay groups of their own, each a branch.
    """
    members: dict[NodeId, RowTiling] = {}
    for i, r in rows.items():
        if graph.node(i).op is not accumulate and (i in taken or _is_linked(members, r)):
            members[i] = r
    home = _roots(members)
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op is accumulate:
            summed = _sum_of_partial(members, node) or (rows.get(i) if i in taken else None)
            homes = {home[j] for j in node.inputs if j in members}
            if summed is not None and len(homes) < 2:
                members[i], home[i] = summed, min(homes, default=i)
    return dict(sorted(members.items()))


def _with_feeders(
    graph: Graph, members: dict[NodeId, RowTiling], rows: dict[NodeId, RowTiling], sizes: Sizes
) -> dict[NodeId, RowTiling]:
    """The members, and those nodes that only members read, and only block by block, where these are not too light."""
    needed, whole = set(graph.outputs), set(graph.outputs)
    found = dict(members)
    for i in range(graph.first + len(graph) - 1, graph.first - 1, -1):
        if i in needed:
            r = rows.get(i)
            if i not in whole and r is not None and r.merge is None and r.size * FEEDER >= sizes.elements:
                found.setdefault(i, r)
            r = found.get(i)
            reads = graph.node(i).inputs if r is None else r.reads
            needed.update(reads)
            whole.update(reads if r is None else [j for j in reads if j not in producers(rows, r)])
    return dict(sorted(found.items()))


def _is_linked(members: Mapping[NodeId, RowTiling], r: RowTiling) -> bool:
    """Whether it merges rows that members compute block by block."""
    return r.merge is not None and bool(producers(members, r))


def _sum_of_partial(members: Mapping[NodeId, RowTiling], node: Node) -> RowTiling | None:
    """A sum of contributions that are all made of partial results: these are added up first, and merged once."""
    terms = [members.get(j) for j in node.inputs] if node.op is accumulate else []
    known = [r for r in terms if r is not None and r.merge is add]
    if len(known) < max(1, len(terms)) or len({r.length for r in known}) > 1:
        return None
    return RowTiling(known[0].length, node.inputs, (True,) * len(known), known[0].size, add, sums_up=True)


def _is_heavy(graph: Graph, i: NodeId, rows: RowTiling, sizes: Sizes) -> bool:
    node = graph.node(i)
    if node.op.kind is Kind.VIEW:
        return False
    return rows.size >= sizes.elements or (node.op is matmul and _flops(graph, node) >= sizes.flops)


# Tile groups.


def _linked(rows: dict[NodeId, RowTiling]) -> list[dict[NodeId, RowTiling]]:
    """The members, those that hand blocks to each other together."""
    root = _roots(rows)
    together: dict[NodeId, dict[NodeId, RowTiling]] = {}
    for i, r in rows.items():
        together.setdefault(root[i], {})[i] = r
    return list(together.values())


def _roots(rows: Mapping[NodeId, RowTiling]) -> dict[NodeId, NodeId]:
    """For each member the one member that stands for its group."""
    parent = {i: i for i in rows}

    def root(i: NodeId) -> NodeId:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i in rows:
        for j in producers(rows, rows[i]):
            parent[root(j)] = root(i)
    return {i: root(i) for i in rows}


def _tile_group(graph: Graph, members: dict[NodeId, RowTiling], whole: set[NodeId], sizes: Sizes) -> TileGroup | None:
    """The group of some members; None where it is not worth it."""
    products = [i for i in members if _is_product(graph, i, members[i])]
    computed = sum([r.size for i, r in members.items() if graph.node(i).op.kind is not Kind.VIEW])
    joined = sum([_elements(graph.type_of(i)) for i, r in members.items() if i in whole and r.merge is None])
    count = _blocks(graph, members, products, sizes)
    if count < 2 or (computed < GAIN * joined and not products):
        return None
    length = next(iter(members.values())).length
    return TileGroup(tuple([length * k // count for k in range(count + 1)]), members)


def _is_product(graph: Graph, i: NodeId, rows: RowTiling) -> bool:
    node = graph.node(i)
    return node.op is matmul and _flops(graph, node) >= INTENSE * rows.size


def _blocks(graph: Graph, members: Mapping[NodeId, RowTiling], products: Sequence[NodeId], sizes: Sizes) -> int:
    """The number of blocks, a power of two; 0 where there are no rows to split."""
    length = next(iter(members.values())).length
    wanted = -(-max([r.size for r in members.values()]) // sizes.block)
    most = min(length, sizes.blocks, max(sizes.few, sizes.nodes // len(members)))
    if products:
        least = max([_least_rows(graph, i, sizes) for i in products])
        wanted = max(wanted, sizes.few)
        most = min(most, max(min(sizes.few, length // least), length // (MANY * least)))
    if len(members) == 1:
        most = min(most, sizes.few)
    most = min(most, sizes.total // len(members))
    count = min(most, 1 << (wanted - 1).bit_length())
    return 1 << (count.bit_length() - 1) if count else 0


def _least_rows(graph: Graph, i: NodeId, sizes: Sizes) -> int:
    """The rows of a block of a product, at least: of a stack of matrices, one."""
    (left,) = numeric("blocks", graph.type_of(graph.node(i).inputs[0]))
    return sizes.product_rows if left.ndim <= 2 else 1
