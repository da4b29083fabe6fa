"""What is read off a graph before it runs from its tape: the kind of each node, and which values have a cotangent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...graph.autodiff.masking.mask_flow import MAKERS
from ...graph.bits import LIMIT
from ...graph.graph import Graph, NodeId, literal
from ...graph.subgraph import live
from ...ops.core.types import NumericType, ValueType
from ..machine.cost import Machine
from .kinds import NodeKind, Pull, node_kind, pull_of


@dataclass(slots=True, eq=False)
class Usage:
    """A kind of nodes in one graph, with the activity of their operands.

    Arguments:
        kind: the kind.
        type: of their values.
        active: for each operand, whether it has a cotangent.
        pulls: how cotangents go back, by the identities of their types; found when they are met.
        mark: of their values.
    """

    kind: NodeKind
    type: ValueType[Any]
    active: tuple[bool, ...]
    pulls: dict[int, Pull | None] = field(default_factory=dict)
    mark: int = field(init=False)
    _kept: tuple[int, ...] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.mark = _mark(self.type, True in self.active and self.type.differentiable)

    def kept(self) -> tuple[int, ...]:
        """Which of its operands, and behind them its value, a node's pullback reads."""
        if self._kept is None:
            pull = self.pull(self.kind.node.type) if _is_active(self.mark) else None
            self._kept = () if pull is None else tuple(pull.reads)
        return self._kept

    def pull(self, type: ValueType[Any]) -> Pull | None:
        """How a cotangent of a type goes back; None where `differentiate` has to do it."""
        if id(type) not in self.pulls:
            self.pulls[id(type)] = pull_of(self.kind, self.active, type)
        return self.pulls[id(type)]


class Reading(NamedTuple):
    """A graph that a tape can run forward.

    Arguments:
        graph: the graph.
        usages: of each node; None for literals and for nodes that no output needs.
        alive: for each id, whether an output needs it.
        active: for each id, whether it has a cotangent.
        work_s: predicted seconds of a run that hold no GIL.
        span_s: those on the longest way through the graph, which no number of threads shortens.
        makes_masks: whether a node would give a cotangent a mask.
        nbytes: of all values.
    """

    graph: Graph
    usages: list[Usage | None]
    alive: bytearray
    active: list[bool]
    work_s: float
    span_s: float
    makes_masks: bool
    nbytes: int


def _mark(type: ValueType[Any], is_active: bool) -> int:
    """What of a value decides the kinds of its readers, as a number: the identity of its type, whether it is active."""
    return id(type) << 1 | is_active


def _is_active(mark: int) -> bool:
    return mark & 1 == 1


BACK_AND_FORTH = 3
"""How many times as long a gradient takes as the function, roughly."""


def read(graph: Graph, wrt: Sequence[NodeId], machine: Machine) -> Reading | None:
    """What a tape has to know of a graph; None where it cannot run it.

    Arguments:
        graph: the graph, whose first output is a real number.
        wrt: ids of the inputs whose cotangents are wanted.
        machine: the rates that seconds are estimated with.
    """
    inputs, wanted, alive = graph.inputs, set(wrt), live(graph)
    if not all([isinstance(t, NumericType) and t.nbytes < LIMIT for t in map(inputs.__getitem__, wrt)]):
        return None
    marks = [_mark(t, i in wanted and t.differentiable) for i, t in enumerate(inputs)]
    usages: list[Usage | None] = []
    known: dict[Any, Usage] = {}  # by op, the identities of params and type, and what is known of the operands
    ends = [0.0] * graph.first  # of each id, when it can be there
    mark_of, end_of = marks.__getitem__, ends.__getitem__  # in the place of comprehensions, which are functions
    for i, (op, operands, params, type, _) in enumerate(graph.nodes, graph.first):
        if op is literal or not alive[i]:
            usages.append(None)
            marks.append(_mark(type, False))
            ends.append(0.0)
            continue
        key = (op, id(params), id(type), *map(mark_of, operands))
        usage = known.get(key)
        if usage is None:
            kind = node_kind(op, params, tuple([graph.type_of(j) for j in operands]), type, machine)
            if kind is None:
                return None
            usage = known[key] = Usage(kind, type, tuple([_is_active(marks[j]) for j in operands]))
        usages.append(usage)
        marks.append(usage.mark)
        ends.append(usage.kind.parallel_s + max(map(end_of, operands), default=0.0))
    counts = Counter(filter(None, usages))
    work_s = sum([usage.kind.parallel_s * count for usage, count in counts.items()])
    nbytes = sum([usage.kind.nbytes * count for usage, count in counts.items()])
    active = [*map(_is_active, marks)]
    makes_masks = any([usage.kind.node.op in MAKERS for usage in known.values()])
    span_s = max([ends[i] for i in graph.outputs], default=0.0)
    return Reading(graph, usages, alive, active, BACK_AND_FORTH * work_s, BACK_AND_FORTH * span_s, makes_masks, nbytes)


def drops(reading: Reading) -> dict[NodeId, list[NodeId]]:
    """For some nodes, the ids whose values neither later nodes, nor the outputs, nor the reverse pass read."""
    graph, kept = reading.graph, set(reading.graph.outputs)
    last: dict[NodeId, NodeId] = {}
    for i, ((_, operands, _, _, _), usage) in enumerate(zip(graph.nodes, reading.usages, strict=True), graph.first):
        if usage is None:
            continue
        for j in operands:
            last[j] = i
        for k in usage.kept():
            kept.add(operands[k] if k < len(operands) else i)
    dropped: dict[NodeId, list[NodeId]] = {}
    for j, i in last.items():
        if j not in kept:
            dropped.setdefault(i, []).append(j)
    return dropped
