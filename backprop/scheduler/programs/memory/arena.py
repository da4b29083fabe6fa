"""The arena: to which buffer each value of a program is written, planned before anything runs.

Buffers are planned by liveness (liveness.py). Nodes are walked in order; a result takes over the memory of an operand
that dies where its op allows that, be it in the arena or an argument that nobody else reads, else the smallest slab of
the arena that is free and large enough, else the largest free one, which grows. What a program hands out is never arena
memory; a value that a result is written over, as the first term of a sum, lies where the result will. The pieces of a
concatenation along the first axis are written straight into the joined array, so that joining costs nothing.
What is needed only before a result is written lies in the memory of that result (result_room.py).

Sources: M. Poletto, V. Sarkar, Linear scan register allocation, TOPLAS 21(5), 1999; T. Chen et al., MXNet, 2015
(memory planning by liveness, src/nnvm/plan_memory.cc).
Limits: slabs are not split: a value may occupy one that is up to four times as large.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

from ....graph.graph import Graph, Node, NodeId
from ....ops.arrays.joins import concat_along
from ....ops.core.types import ArrayType, ValueType
from ..kernels import is_buffered, kernel_of, overwritable
from .liveness import Liveness, liveness
from .result_room import Span, rooms

ROOMY = 4
"""How many times as large as a value the slab may be that it occupies: masks of one byte an element, which live from
the forward to the reverse pass, would else each keep the slab of an array of eight."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for one array.

    Arguments:
        slab: which slab it lies in; of `Memory.results` where `result` is set.
        offset: bytes from the start of the slab.
        type: shape and dtype of the array.
        result: whether the slab is handed out, rather than a part of the arena.
    """

    slab: int
    offset: int
    type: ArrayType
    result: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """The buffers of a program.

    Arguments:
        slabs: bytes of each slab of the arena.
        results: the types of arrays that are handed out, and that buffers lie in.
        buffers: the buffer that a node's result is written to, by its id; for a concatenation, that of its result.
        joined: the concatenations, by id, with those of their operands that are not in place by themselves.
        over: the operand whose memory, that of an argument, a node's result takes over, by its id.
        kernels: what to call for each node.
        life: how long values are needed.
    """

    slabs: tuple[int, ...]
    results: tuple[ArrayType, ...]
    buffers: dict[NodeId, Buffer]
    joined: dict[NodeId, tuple[int, ...]]
    over: dict[NodeId, NodeId]
    kernels: list[Callable[..., Any]]
    life: Liveness

    @property
    def nbytes(self) -> int:
        """Bytes of the arena."""
        return sum(self.slabs)


def plan_memory(graph: Graph, smallest_result: int, spent: frozenset[NodeId] = frozenset()) -> Memory:
    """The buffers of a graph.

    Arguments:
        graph: the graph.
        smallest_result: bytes from which an array that is handed out gets a buffer; smaller ones are allocated by ops.
        spent: the inputs that nobody else reads.
    """
    return _Arena(graph, smallest_result, spent).memory()


class Place(NamedTuple):
    """Where an operand of a concatenation goes: bytes from its start, and the type of the memory there."""

    offset: int
    type: ArrayType


def places(graph: Graph, join: Node) -> list[Place]:
    """For each operand of a concatenation along the first axis, where it goes."""
    whole: Any = join.type
    row = whole.nbytes // whole.shape[0]
    shapes = [graph.type_of(j).shape for j in join.inputs]  # type: ignore[attr-defined]
    starts = [0, *accumulate([shape[0] * row for shape in shapes])]
    return [Place(start, ArrayType(shape, whole.dtype)) for start, shape in zip(starts, shapes, strict=False)]


class _Arena:
    """Slabs, while nodes are walked in order."""

    def __init__(self, graph: Graph, smallest_result: int, spent: frozenset[NodeId]) -> None:
        self.graph = graph
        self.smallest_result = smallest_result
        self.kernels = [kernel_of(graph, node) for node in graph.nodes]
        self.life = liveness(graph)
        self.end = len(self.life.value)
        self.pieces: dict[NodeId, tuple[NodeId, int]] = {}  # into which concatenation, at which byte
        self.members: dict[NodeId, list[NodeId]] = {}  # of each concatenation
        self.rest: dict[NodeId, list[int]] = {}  # its operands that are copied
        self._find_joins()
        self.slabs: list[int] = []
        self.free: list[tuple[int, int]] = []  # (bytes, slab), ascending
        self.ending: dict[NodeId, list[int]] = {}
        self.results: list[ArrayType] = []
        self.buffers: dict[NodeId, Buffer] = {}
        self.handed: dict[NodeId, Buffer] = {}  # by the result that is handed out
        self.over: dict[NodeId, NodeId] = {}
        self.ahead: dict[NodeId, NodeId] = {}  # the result that will lie in the memory of a value; of a result itself
        self._find_over(spent)
        self._find_ahead()

    def memory(self) -> Memory:
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            if i in self.pieces:
                self._place_piece(i, node)
            elif self._is_placed(i) and i not in self.over:
                self._place(i, node)
            for slab in self.ending.pop(i, ()):
                insort(self.free, (self.slabs[slab], slab))
        self._move_into_results()
        joined = {i: tuple(rest) for i, rest in self.rest.items() if i in self.members}
        return Memory(tuple(self.slabs), tuple(self.results), self.buffers, joined, self.over, self.kernels, self.life)

    def _is_placed(self, i: NodeId) -> bool:
        """Whether a node writes its result to a buffer, which is not that of a concatenation."""
        if i < self.graph.first or i in self.pieces or i in self.members:
            return False
        return is_buffered(self.graph.node(i), self.kernels[i - self.graph.first])

    def _move_into_results(self) -> None:
        """Have slabs lie in results that are not written yet, but for those that have views, which are made once."""
        results = self._spans([t.nbytes for t in self.results], True)
        viewed = {buffer.slab for i, buffer in self.buffers.items() if not buffer.result and self.life.view[i] >= 0}
        slabs = {k: span for k, span in enumerate(self._spans(self.slabs, False)) if k not in viewed}
        moved = rooms(slabs, results)
        left = [slab for slab in range(len(self.slabs)) if slab not in moved]
        self.slabs = [self.slabs[slab] for slab in left]
        index = {slab: k for k, slab in enumerate(left)}
        for i, buffer in self.buffers.items():
            if not buffer.result and buffer.slab in moved:
                result, offset = moved[buffer.slab]
                self.buffers[i] = Buffer(result, offset + buffer.offset, buffer.type, True)
            elif not buffer.result:
                self.buffers[i] = replace(buffer, slab=index[buffer.slab])

    def _spans(self, sizes: Sequence[int], result: bool) -> list[Span]:
        """When slabs of some bytes are used, those of the arena or those of results."""
        uses: list[list[NodeId]] = [[] for _ in sizes]
        for i, buffer in self.buffers.items():
            if buffer.result is result:
                uses[buffer.slab] += i, self.life.memory(i)
        return [Span(nbytes, min(used), max(used)) for nbytes, used in zip(sizes, uses, strict=True)]

    def _place(self, i: NodeId, node: Node) -> None:
        """Choose the buffer of a node's result, and keep it until the last use."""
        t, last = node.type, self.life.memory(i)
        assert isinstance(t, ArrayType)
        if i in self.ahead:
            self.buffers[i] = self._result(self.ahead[i], t)
        elif last < self.end:
            slab = self._taken_over(i, node)
            slab = self._slab(t.nbytes) if slab is None else slab
            self.buffers[i] = Buffer(slab, 0, t)
            self.ending.setdefault(last, []).append(slab)

    def _result(self, i: NodeId, t: ArrayType) -> Buffer:
        """The memory of a result that is handed out."""
        if i not in self.handed:
            self.handed[i] = Buffer(len(self.results), 0, t, True)
            self.results.append(t)
        return self.handed[i]

    def _slab(self, nbytes: int) -> int:
        """A free slab: the smallest that is large enough and not too large; where all are too small the largest, which
        grows; else a new one."""
        at = min(bisect_left(self.free, (nbytes, -1)), len(self.free) - 1)
        if self.free and self.free[at][0] <= ROOMY * nbytes:
            _, slab = self.free.pop(at)
            self.slabs[slab] = max(self.slabs[slab], nbytes)
            return slab
        self.slabs.append(nbytes)
        return len(self.slabs) - 1

    def _dying(self, i: NodeId, node: Node) -> list[NodeId]:
        """The operands that die here, and that the result may be written over."""
        value, view, type_of = self.life.value, self.life.view, self.graph.type_of
        found = overwritable(node, self.kernels[i - self.graph.first])
        return [j for j in found if value[j] == i and view[j] < i and type_of(j) == node.type]

    def _taken_over(self, i: NodeId, node: Node) -> int | None:
        """The slab of an operand that dies here."""
        for j in self._dying(i, node):
            buffer = self.buffers.get(j)
            if buffer is None or buffer.result or j in self.pieces:
                continue
            if buffer.slab in self.ending.get(i, ()):
                self.ending[i].remove(buffer.slab)
                return buffer.slab
        return None

    # What lies in memory that is no slab.

    def _find_over(self, spent: frozenset[NodeId]) -> None:
        """Results that are written over arguments that nobody else reads."""
        own = set(spent)
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            argument = next((j for j in self._dying(i, node) if j in own), None) if own else None
            if argument is not None and self._is_placed(i):
                self.over[i] = argument
                own.add(i)

    def _find_ahead(self) -> None:
        """Values that lie where the result will that is written over them, as the first term of a sum."""
        for i in reversed(range(self.graph.first, self.end)):
            if i in self.over or not self._is_placed(i):
                continue
            node = self.graph.node(i)
            if self.life.memory(i) == self.end and node.type.nbytes >= self.smallest_result:
                self.ahead[i] = i
            if i in self.ahead:
                before = next((j for j in self._dying(i, node) if self._may_be_ahead(j)), None)
                if before is not None:
                    self.ahead[before] = self.ahead[i]

    def _may_be_ahead(self, i: NodeId) -> bool:
        """Whether a value may lie in memory that is handed out: views of that are not made with the workspace."""
        return self._is_placed(i) and self.life.view[i] < 0

    # Concatenations.

    def _find_joins(self) -> None:
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            if node.op is concat_along and node.param("axis") == 0 and node.type.nbytes:
                self.rest[i] = []
                for k, (j, place) in enumerate(zip(node.inputs, places(self.graph, node), strict=True)):
                    if self._is_piece(j, node.type):
                        self.pieces[j] = (i, place.offset)
                        self.members.setdefault(i, []).append(j)
                    else:
                        self.rest[i].append(k)

    def _is_piece(self, j: NodeId, whole: ValueType[Any]) -> bool:
        """Whether an operand of a concatenation is written into the whole by the op that makes it."""
        if j < self.graph.first or j in self.pieces or j in self.members or self.life.memory(j) == self.end:
            return False
        t = self.graph.type_of(j)
        same = isinstance(t, ArrayType) and isinstance(whole, ArrayType) and t.dtype == whole.dtype
        return same and is_buffered(self.graph.node(j), self.kernels[j - self.graph.first])

    def _place_piece(self, j: NodeId, node: Node) -> None:
        i, offset = self.pieces[j]
        if i not in self.buffers:
            self._place_join(i, self.graph.type_of(i))
        whole = self.buffers[i]
        assert isinstance(node.type, ArrayType)
        self.buffers[j] = Buffer(whole.slab, offset, node.type, whole.result)

    def _place_join(self, i: NodeId, t: Any) -> None:
        """Choose the memory of a concatenation, until its own end and those of its pieces."""
        last = max([self.life.memory(k) for k in (i, *self.members[i])])
        if last == self.end:
            self.results.append(t)
            self.buffers[i] = Buffer(len(self.results) - 1, 0, t, True)
            return
        slab = self._slab(t.nbytes)
        self.buffers[i] = Buffer(slab, 0, t)
        self.ending.setdefault(last, []).append(slab)
