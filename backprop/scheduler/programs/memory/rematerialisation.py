"""Rematerialisation: compute values again rather than keep them, so that a graph stays below a bound on its memory.

What is held at the peak, where a gradient turns from forward to reverse, are the residuals. The nodes before the peak
are cut into segments of equal bytes. Of a segment that is computed again, only what later segments read is kept; where
the reverse pass first reads another value of it, a copy of the segment stands before the reader, and the reverse pass
reads the copy. The copy reads its operands through `after`, so that no schedule runs it before the reverse pass has
come there. With k segments, about 1/k of the residuals and the values between segments are held at once: the least for
k near the square root of the number of nodes. The k with the least predicted peak is taken, and of its segments as few
as the bound takes, those with the fewest seconds a byte first. Values and bits stay the same.

Source: T. Chen et al., Training deep nets with sublinear memory cost, arXiv:1604.06174, 2016.
Limits: one level of segments; the bound is on predicted bytes (see peak.py); takes a few dozen walks over the graph.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ....errors import MemoryLimitError
from ....graph.autodiff.control_flow import after
from ....graph.graph import Graph, Node, NodeId
from ....graph.ownership import bases
from ....graph.params import NO_PARAMS
from ....graph.rewrite import Rewriter
from ....graph.subgraph import reach
from ....graph.verify import verify
from ....graph.written import by_lines
from ....ops.core.cache import cached
from ...machine.cost import Machine, cost, free_nodes
from .liveness import liveness
from .peak import own_bytes, peak

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512)
"""The numbers of segments that are tried."""


@cached(by_lines)
def within(graph: Graph, limit: int, machine: Machine) -> Graph:
    """The graph, with as much computed again as it takes to stay below a bound.

    Arguments:
        graph: after all other passes.
        limit: bytes that the values may take at once.
        machine: the rates that say which values are quick to compute again.
    Errors:
        MemoryLimitError: no choice of segments keeps the bound.
    """
    highest = peak(graph)
    if highest.nbytes <= limit:
        return graph
    turn = _Turn(graph, highest.at, machine)
    choices = [turn.segments(count) for count in COUNTS if count <= len(turn.held)]
    peaks = [(turn.peak(choice), choice) for choice in choices]
    least, segments = min(peaks, key=lambda pair: pair[0], default=(highest.nbytes, []))
    if least > limit:
        raise MemoryLimitError(
            f"the memory limit is {limit} bytes, and the computation takes {least}, whatever is computed again",
            fix="raise the limit, or split the work: smaller batches, or backprop.scan over parts of it",
        )
    fewest = bisect_left(range(len(segments)), True, key=lambda k: turn.peak(segments[:k]) <= limit)
    return verify(turn.rewritten(segments[:fewest]), "rematerialisation")


class _Segment(NamedTuple):
    """Nodes that may be computed again.

    Arguments:
        wanted: the ids that the reverse pass reads and that would not be kept.
        copied: what has to be computed for them, in order.
        reader: the first node of the reverse pass that reads one.
        token: what that node waits for.
        seconds: that the copy takes.
        nbytes: that are not kept.
    """

    wanted: frozenset[NodeId]
    copied: tuple[NodeId, ...]
    reader: NodeId
    token: NodeId
    seconds: float
    nbytes: int


class _Turn:
    """A graph, and the node at which it turns from forward to reverse."""

    def __init__(self, graph: Graph, at: NodeId, machine: Machine) -> None:
        self.graph = graph
        self.at = at
        self.machine = machine
        self.bases = bases(graph)
        self.free = free_nodes(graph)
        life = liveness(graph)
        self.held = [i for i in range(graph.first, at) if own_bytes(graph.node(i)) and life.memory(i) > at]
        self.first_reader = self._first_readers()

    def _first_readers(self) -> dict[NodeId, NodeId]:
        """For what the forward half hands to the reverse half, the first node that reads it there."""
        found: dict[NodeId, NodeId] = {}
        for i in range(self.at, self.graph.first + len(self.graph)):
            for j in self.graph.node(i).inputs:
                if self.graph.first <= j < self.at:
                    found.setdefault(j, i)
        return found

    def peak(self, segments: Sequence[_Segment]) -> int:
        """The predicted bytes where some segments are computed again."""
        return peak(self.rewritten(segments)).nbytes

    # Segments.

    def segments(self, count: int) -> list[_Segment]:
        """The segments that can be computed again, the cheapest a byte first."""
        home = self._homes(count)
        kept = self._kept(home)
        wanted: dict[int, list[NodeId]] = {}
        for j in self.first_reader:
            if not kept[j]:
                wanted.setdefault(home[j], []).append(j)
        made = [self._segment(home, kept, ids) for _, ids in sorted(wanted.items())]
        found = [segment for segment in made if segment is not None]
        return sorted(found, key=lambda segment: segment.seconds / segment.nbytes)

    def _homes(self, count: int) -> list[int]:
        """The segment of each id of the forward half; -1 for inputs."""
        total = sum([own_bytes(self.graph.node(i)) for i in self.held])
        held = set(self.held)
        home = [-1] * self.graph.first
        seen = 0
        for i in range(self.graph.first, self.at):
            home.append(seen * count // total)
            seen += own_bytes(self.graph.node(i)) if i in held else 0
        return home

    def _kept(self, home: list[int]) -> list[bool]:
        """For each id, whether it is held anyway: later segments read it, it is handed out, or a view of such."""
        kept = [self.graph.node(i).op.runs_once if i >= self.graph.first else True for i in range(self.at)]
        for i in range(self.graph.first, self.at):
            for j in self.graph.node(i).inputs:
                if home[j] != home[i]:
                    for base in self.bases[j]:
                        kept[base] = True
        for i in self.graph.outputs:
            for base in self.bases[i]:
                if base < self.at:
                    kept[base] = True
        return [self.free_of_charge(i) or all([kept[base] for base in self.bases[i]]) for i in range(self.at)]

    def free_of_charge(self, i: NodeId) -> bool:
        """Whether an id depends on no input, so that keeping it costs nothing."""
        return self.free[i] and not own_bytes(self.graph.node(i)) and self.bases[i] == (i,)

    def _segment(self, home: list[int], kept: list[bool], wanted: list[NodeId]) -> _Segment | None:
        reader = min([self.first_reader[j] for j in wanted])
        late = [j for j in self.graph.node(reader).inputs if j >= self.at]
        token = max(late, default=reader - 1)
        if token < self.at:
            return None
        copied = self._closure(home[wanted[0]], home, kept, wanted)
        seconds = sum([self._seconds(i) for i in copied])
        nbytes = sum({base: own_bytes(self.graph.node(base)) for j in wanted for base in self.bases[j]}.values())
        return _Segment(frozenset(wanted), copied, reader, token, seconds, nbytes) if nbytes else None

    def _closure(self, segment: int, home: list[int], kept: list[bool], wanted: Sequence[NodeId]) -> tuple[NodeId, ...]:
        """What a segment has to compute for some of its ids, in order: down to what is kept, or belongs to others."""

        def inside(ids: Iterable[NodeId]) -> list[NodeId]:
            return [i for i in ids if home[i] == segment and not kept[i]]

        return tuple(reach(inside(wanted), lambda i: inside(self.graph.node(i).inputs)))

    def _seconds(self, i: NodeId) -> float:
        node = self.graph.node(i)
        return cost(node, tuple([self.graph.type_of(j) for j in node.inputs]), self.machine).seconds

    # The graph anew.

    def rewritten(self, segments: Sequence[_Segment]) -> Graph:
        """The graph with some segments computed again."""
        first: dict[NodeId, list[_Segment]] = {}
        for segment in segments:
            first.setdefault(segment.reader, []).append(segment)
        rewrite = Rewriter(self.graph)
        moved: dict[NodeId, NodeId] = {}  # what the reverse half reads in the place of values before the turn
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            for segment in first.get(i, ()):
                moved.update(self._copied(rewrite, segment))
            inputs = tuple(
                [moved.get(j, rewrite.new_ids[j]) if i >= self.at else rewrite.new_ids[j] for j in node.inputs]
            )
            rewrite.new_ids.append(rewrite.add(node.reading(inputs)))
        return rewrite.build()

    def _copied(self, rewrite: Rewriter, segment: _Segment) -> dict[NodeId, NodeId]:
        """The new ids of a segment's nodes, computed again."""
        made: dict[NodeId, NodeId] = {}
        for i in segment.copied:
            node = self.graph.node(i)
            for j in node.inputs:
                if j not in made:
                    made[j] = self._late(rewrite, j, segment.token)
            made[i] = rewrite.add(node.reading(tuple([made[j] for j in node.inputs])))
        return {i: made[i] for i in segment.wanted}

    def _late(self, rewrite: Rewriter, j: NodeId, token: NodeId) -> NodeId:
        """The new id of a value that is kept, to be read not before the token is there."""
        source = None if j < self.graph.first else self.graph.node(j).source
        inputs = (rewrite.new_ids[j], rewrite.new_ids[token])
        return rewrite.add(Node(after, inputs, NO_PARAMS, self.graph.type_of(j), source))
