"""The first NaN or infinity of a computation: which node made it, of values that were all finite.

Only what reaches a result counts: an infinity that a choice masks out, or that 1 / x takes to zero, is no trouble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import NotFiniteError
from ...graph.evaluate import evaluate_node
from ...graph.graph import Graph, NodeId
from ...graph.subgraph import uses

FIX = "mask such values out before the op (numpy.where of its operand), or bound them (numpy.clip)"


@dataclass(frozen=True, slots=True)
class Found:
    """What a value holds that is not finite.

    Arguments:
        nans, infinities: how many elements.
        size: how many there are.
    """

    nans: int
    infinities: int
    size: int

    def __str__(self) -> str:
        parts = [f"{count} {name}" for count, name in ((self.nans, "NaN"), (self.infinities, "infinite")) if count]
        return f"{' and '.join(parts)} of {self.size} elements" if self.size > 1 else "NaN" if self.nans else "infinity"


def found_in(value: Any) -> Found | None:
    """What is not finite in a value, None where all is, or where it holds no numbers that could be."""
    if isinstance(value, tuple):
        return next(filter(None, map(found_in, value)), None)
    if not isinstance(value, np.ndarray | np.generic | float | complex) or np.asarray(value).dtype.kind not in "fc":
        return None
    if np.isfinite(value).all():
        return None
    nans = int(np.isnan(value).sum())
    return Found(nans, int(np.isinf(value).sum()), int(np.size(value)))


def not_finite(graph: Graph, values: Sequence[Any]) -> NotFiniteError | None:
    """What to raise for a graph with a result that is not finite: who made it first.

    Arguments:
        graph: the graph; it is evaluated node by node.
        values: of its inputs.
    Returns:
        the error, with the user's line; None where all results are finite.
    """
    found, sayings = _evaluated(graph, values)
    reached = _reaching(graph, found)
    if not reached:
        return None
    if reached[0] < graph.first:
        name = dict(enumerate(graph.names)).get(reached[0]) or f"input {reached[0]}"
        return NotFiniteError(f"{name} holds {found[reached[0]]} when it comes in", fix="look at what is passed in")
    node = graph.node(reached[0])
    derivative = ", as a derivative" if node.source is not None and node.source.derivative else ""
    what = f"{node.op.name}{sayings[reached[0]]} gave {found[reached[0]]}{derivative}"
    return NotFiniteError(what, node.source and node.source._replace(derivative=False), FIX)


def _evaluated(graph: Graph, values: Sequence[Any]) -> tuple[list[Found | None], dict[NodeId, str]]:
    """What is not finite in the value of each id, and what the operands of a node were that made it of finite ones."""
    cells: list[Any] = list(values)
    found = [found_in(value) for value in cells]
    sayings: dict[NodeId, str] = {}
    unread = uses(graph)
    for i, node in enumerate(graph.nodes, graph.first):
        operands = [cells[j] for j in node.inputs]
        with np.errstate(all="ignore"):
            cells.append(evaluate_node(node, operands))
        found.append(found_in(cells[-1]))
        if found[-1] is not None and not any([found[j] for j in node.inputs]):
            sayings[i] = f"({', '.join(map(_told, operands))})"
        for j in node.inputs:
            unread[j] -= 1
            if not unread[j]:
                cells[j] = None
    return found, sayings


def _reaching(graph: Graph, found: Sequence[Found | None]) -> list[NodeId]:
    """The ids from which something that is not finite comes to a result, in order; the first one made it."""
    stack = [i for i in graph.outputs if found[i] is not None]
    reached: set[NodeId] = set()
    while stack:
        i = stack.pop()
        if i not in reached:
            reached.add(i)
            stack += [j for j in (graph.node(i).inputs if i >= graph.first else ()) if found[j] is not None]
    return sorted(i for i in reached if i < graph.first or not any([found[j] for j in graph.node(i).inputs]))


def _told(value: Any) -> str:
    """An operand in a few words: its dtype and shape, and between what its numbers lie."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or not array.size:
        return f"{array.dtype}{list(array.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
    if not array.shape:
        return repr(array.item())
    return f"{array.dtype}{list(array.shape)} from {array.min():.6g} to {array.max():.6g}"
