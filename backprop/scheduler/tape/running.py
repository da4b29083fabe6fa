"""Running a graph once, forward and back, without writing its derivative down: the tape of classical reverse mode.

The values of all nodes are kept until the reverse pass has gone by them, but for large ones that it does not read. Each
node is then pulled back by the steps of its kind, and what arrives at a value is added up in the order that
`differentiate` and the passes lay down. What a ufunc computes of a large array that nobody needs any more is written
over it.

Source: R. E. Wengert, A simple automatic derivative evaluation program, CACM 7(8), 1964.
Limits: one seed, of a real number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np

from ...graph.autodiff.differentiate import one
from ...graph.autodiff.masking.mask_flow import Part, cover
from ...graph.autodiff.shortcuts.pairs import shortcut
from ...graph.bits import width
from ...graph.evaluate import entered
from ...graph.graph import Literal, Node, NodeId, literal_node
from ...graph.ownership import contiguous, is_used_up
from ...graph.tracing.gc_pause import gc_paused
from ...ops.arrays.accumulate import accumulate
from ...ops.core.cache import cached
from ...ops.core.types import NumericType, ScalarType, ValueType
from .. import programs
from ..programs.warned import WarningsAtLines
from .kinds import MUCH, NodeKind, Pull
from .reading import Reading, drops


@gc_paused()
def gradient(
    reading: Reading, wrt: Sequence[NodeId], values: Sequence[Any], known: Mapping[NodeId, Any]
) -> list[Any] | None:
    """The outputs of a graph, and the gradient of the first; None where `differentiate` has to be asked.

    Arguments:
        reading: of the graph.
        wrt: ids of the inputs whose cotangents are wanted.
        values: a value for each input.
        known: values of nodes that are known already.
    Errors:
        whatever an op raises, with a note that names the op and the user's line.
    """
    graph = reading.graph
    cells = [entered(t, value) for t, value in zip(graph.inputs, values, strict=True)]
    dropped = drops(reading) if reading.nbytes > MUCH * len(graph) else {}
    with WarningsAtLines(_node_in, {}):
        forward(reading, cells, known, dropped)
        results = [contiguous(cells[i]) for i in graph.outputs]
        back = _ReversePass(reading, cells, bool(dropped))
        return [*results, *[back.cotangent(i) for i in wrt]] if back.walk() else None


def _node_in(frame: FrameType) -> Node | None:
    """The node that a frame of this module computes, or pulls back."""
    if frame.f_code is forward.__code__:
        given = frame.f_locals
        node: Node = given["reading"].graph.node(len(given["cells"]))
    elif frame.f_code is _ReversePass._pull.__code__:
        node = frame.f_locals["node"]
    else:
        return None
    return node


def forward(
    reading: Reading, cells: list[Any], known: Mapping[NodeId, Any], dropped: Mapping[NodeId, Sequence[NodeId]]
) -> None:
    """Append the value of each node to those of the inputs.

    Arguments:
        reading: of a graph.
        cells: a value for each input.
        known: values of nodes that are known already.
        dropped: for some nodes, the ids whose values nobody reads after them.
    """
    nodes, alive, append, value_of = reading.graph.nodes, reading.alive, cells.append, cells.__getitem__
    for (op, operands, params, _, _), usage in zip(nodes, reading.usages, strict=True):
        if usage is None:
            append(op.compute(**dict(params)) if alive[len(cells)] else None)
        elif known and len(cells) in known:
            append(contiguous(known[len(cells)]))
        else:
            kind, gone = usage.kind, dropped.get(len(cells)) if dropped else None
            try:
                append(_written_over(kind, operands, gone, cells) if gone else kind.function(*map(value_of, operands)))
            except Exception as error:
                error.add_note(programs.described(kind.node, kind.types, reading.graph.node(len(cells)).source))
                raise
        if dropped:
            for i in dropped.get(len(cells) - 1, ()):
                cells[i] = None


def _written_over(kind: NodeKind, operands: Sequence[NodeId], gone: Sequence[NodeId], cells: list[Any]) -> Any:
    """The value of a node, written over an operand that nobody needs any more, if there is one.

    Arguments:
        kind: of the node.
        operands: of the node.
        gone: the ids that nobody reads after it.
        cells: the value of each id.
    """
    for k in kind.overwrites:
        j = operands[k]
        if j in gone and is_used_up(cells, j):
            return kind.function(*[cells[i] for i in operands], cells[j])
    return kind.function(*[cells[i] for i in operands])


class _ReversePass:
    """What has been contributed to the cotangents so far.

    Arguments:
        reading: of the graph.
        cells: the value of each id; let go as the walk goes by.
        has_dropped: whether values that the reverse pass should not need are gone.
    """

    def __init__(self, reading: Reading, cells: list[Any], has_dropped: bool) -> None:
        self.reading = reading
        self.has_dropped = has_dropped
        self.graph = graph = reading.graph
        self.cells = cells
        self.terms: list[Any] = [None] * len(cells)  # of each id: a cotangent, or where there are several their list
        self.types: list[ValueType[Any] | None] = [None] * len(cells)  # of the cotangent of each id
        self.parts: dict[NodeId, list[Part | None]] = {}  # of the terms of each id that may have a mask
        start = graph.outputs[0]
        if reading.active[start]:
            self.terms[start], self.types[start] = _seed(graph.type_of(start))

    def walk(self) -> bool:
        """Pull the cotangent back to the inputs; whether that could be done without `differentiate`."""
        first, nodes, types, cells = self.graph.first, self.graph.nodes, self.types, self.cells
        usages = self.reading.usages
        for i in range(len(cells) - 1, first - 1, -1):
            type, usage = types[i], usages[i - first]
            if type is not None and usage is not None:
                pull = usage.pulls.get(id(type), _UNKNOWN)
                if pull is _UNKNOWN:
                    pull = usage.pull(type)
                    if self.has_dropped and type != usage.kind.node.type:
                        return False  # it may read what was dropped
                node = nodes[i - first]
                if pull is None or (usage.kind.may_skip and shortcut(self.graph, node) is not None):
                    return False
                if pull.masked:
                    if self.reading.makes_masks:
                        return False
                    self._note_masks(node, pull)
                if i in self.parts and self._has_mask(i):
                    return False
                self._pull(i, node, pull)
            cells[i] = None
        return True

    def _note_masks(self, node: Node, pull: Pull) -> None:
        """Take down which cotangents that a node gives to others may have a mask."""
        for position, part in pull.masked:
            self.parts.setdefault(node.inputs[position], []).append(part)

    def _has_mask(self, i: NodeId) -> bool:
        """Whether the cotangent of an id may have a mask, by the terms that may.

        A sum has none where one of its terms has none, or where terms are slices that leave nothing out.
        """
        terms, parts = self.terms[i], self.parts.pop(i)
        return terms.__class__ is not list or (len(terms) == len(parts) and not cover(parts))

    def _pull(self, i: NodeId, node: Node, pull: Pull) -> None:
        """Send the cotangent of a node on to its operands."""
        operands, cells, all_terms, types = node.inputs, self.cells, self.terms, self.types
        work = [cells[j] for j in operands]
        work += cells[i], self._total(i)
        for step in pull.steps:
            function, first, second, over, _, _ = step
            try:
                if over >= 0 and is_used_up(work, over):
                    work.append(step.written_over(work))
                elif second >= 0:
                    work.append(function(work[first], work[second]))
                else:
                    work.append(function(work[first]) if second == -1 else function(work))
            except Exception as error:
                error.add_note(programs.described(step.node, step.types, node.source))
                raise
        for position, cell, type in pull.given:
            j = operands[position]
            terms = all_terms[j]
            if terms is None:
                all_terms[j] = work[cell]
            elif terms.__class__ is list:
                terms.append(work[cell])
            else:
                all_terms[j] = [terms, work[cell]]
            types[j] = type

    def _total(self, i: NodeId) -> Any:
        """The cotangent of an id, in the order of its consumers."""
        terms, self.terms[i] = self.terms[i], None
        if terms.__class__ is not list:
            return terms
        terms.reverse()
        return total(terms, self.types[i])

    def cotangent(self, i: NodeId) -> Any:
        """The cotangent of an input: zeros where nothing was contributed."""
        if self.types[i] is not None:
            terms = self.terms[i]
            return contiguous(total(terms[::-1], self.types[i]) if terms.__class__ is list else terms)
        t = self.graph.type_of(i)
        assert isinstance(t, NumericType)
        return np.zeros(t.shape, t.dtype) if t.shape else t.dtype.type(0)


@cached()
def _seed(type: ValueType[Any]) -> tuple[Any, ValueType[Any]]:
    """The cotangent of a result of a type that is differentiated, and its type."""
    seed = literal_node(Literal.of(one(type)))
    return seed.op.compute(**dict(seed.params)), seed.type


_UNKNOWN = Pull((), (), (), frozenset())


def total(terms: list[Any], type: ValueType[Any] | None) -> Any:
    """The sum of terms, in a tree where they are many, as the pass `balance_sum` writes it."""
    most = 2 if type is None else width(type)
    while len(terms) > most:
        terms = [_sum(terms[k : k + most], type) for k in range(0, len(terms), most)]
    return _sum(terms, type)


def _sum(terms: list[Any], type: ValueType[Any] | None) -> Any:
    if len(terms) == 2 and isinstance(type, ScalarType) and not type.weak:
        return terms[0] + terms[1]  # ten times as quick as the ufunc, where these are numbers of NumPy's
    if len(terms) == 1:
        return terms[0]
    if type is not None and type.nbytes > MUCH and is_used_up(terms, 0):
        return accumulate.compute(*terms, out=terms[0])
    return accumulate.compute(*terms)
