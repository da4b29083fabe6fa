"""compile(check=True): find what a compiled function has frozen and its code has not.

A compiled function keeps what it captured when it was traced: arrays, numbers, attributes of objects, random draws. So
each call is traced anew, and what comes out is compared, to the bit, with what the kept path was made of: the graph as
the user's code emitted it, the captured values, and the structure of the result. Where they differ, the function is
traced once more: if two traces with nothing between them differ too, it draws random numbers or has a state, and else
something that it captured has changed.

Limits: what neither the graph nor the captured values show is not found; a state that comes to the same graph in two
traces in a row (a draw from few integers) may be seen at a later call only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import Source, StaleCaptureError
from ...graph.graph import Graph, Node, NodeId
from ...graph.ownership import copied
from ...graph.tracing.memory.guard import same_bits
from ...graph.tracing.steering import Question
from ...graph.tracing.structures.structure import Static, Structure
from ...graph.tracing.trace import Recording
from ...ops.core.op import Op
from ..verbs.call import Request
from ..verbs.transformed import name_of
from .captures import captures, compared_by
from .compiled import Compiled, P, Path, R
from .replay import Replay


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a trace came to.

    Arguments:
        graph: all that was emitted, before passes.
        captured: the values of the inputs behind the arguments' leaves.
        output: the structure of the result.
        names: the content of what the function reads, by name.
    """

    graph: Graph
    captured: tuple[Any, ...]
    output: Structure
    names: Mapping[str, Hashable]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedPath(Path):
    """A path, with what its trace came to."""

    snapshot: Snapshot


class Checked(Compiled[P, R]):
    """A compiled function that traces each call anew, and complains where the kept path is not what it would be now."""

    def _path_of(self, recording: Recording, steps: Sequence[Question]) -> Path:
        path, snapshot = super()._path_of(recording, steps), _snapshot(recording, captures(self._function))
        return CheckedPath(path.steps, path.graph, path.start, path.constants, path.output, snapshot)

    def _quick(self, path: Path, structure: Structure, request: Request) -> Replay | None:
        return None  # each call is compared

    def _walk(self, request: Request, values: Sequence[Any], structure: Structure) -> tuple[Path, dict[NodeId, Any]]:
        path, env = super()._walk(request, values, structure)
        if isinstance(path, CheckedPath):
            self._compare(path.snapshot, request)
        return path, env

    def _compare(self, kept: Snapshot, request: Request) -> None:
        """Trace a call anew, and complain where it comes to something else than it came to before."""
        now = self._traced(request)
        stale = _difference(kept, now)
        if stale is None:
            return
        again = self._traced(request)
        drawn = _difference(now, again)
        if drawn is not None:
            raise _draw_error(self._function, drawn, _changed(now, again))
        raise _capture_error(self._function, stale, _changed(kept, now))

    def _traced(self, request: Request) -> Snapshot:
        names = captures(self._function)
        return _snapshot(request.record(), names)


def _snapshot(recording: Recording, names: Mapping[str, Hashable]) -> Snapshot:
    builder = recording.builder
    graph, inputs = builder.build(recording.ids)
    captured = [builder.values[i] for i in inputs[len(recording.arguments.types) :]]
    return Snapshot(graph, tuple(map(copied, captured)), recording.output, names)


# Where two traces differ.


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two traces differ: the line; None where no line tells."""

    line: Source | None


def _difference(one: Snapshot, other: Snapshot) -> Difference | None:
    """The first difference of two traces of the same arguments; None where they are the same."""
    first = one.graph.first - len(one.captured)
    for k, (kept, found) in enumerate(zip(one.captured, other.captured, strict=False), first):
        if not _same_value(kept, found):
            return Difference(_line(other.graph, k))
    other_at = _first_other(one.graph, other.graph, one.names == other.names)
    if other_at is not None:
        return Difference(_line(other.graph, other_at))
    if not _same_output(one.output, other.output) or one.graph.outputs != other.graph.outputs:
        return Difference(None)
    return None


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return same_bits(one, other)
    return compared_by(one) == compared_by(other)


def _line(graph: Graph, i: NodeId) -> Source | None:
    """The line of an id: of an input that of the first node that reads it, of a constant that of the node behind it."""
    nodes = graph.nodes[i - graph.first :] if i >= graph.first else [n for n in graph.nodes if i in n.inputs]
    return next((node.source for node in nodes if node.source is not None), None)


def _first_other(one: Graph, other: Graph, same_names: bool) -> NodeId | None:
    """The first id that stands for something else in the other graph; None where the graphs are the same.

    Arguments:
        one, other: the graphs.
        same_names: whether all that was read by a name is the same, so that equal code is the same code.
    """
    for k, (type, other_type) in enumerate(zip(one.inputs, other.inputs, strict=False)):
        if type != other_type:
            return k
    if one.first != other.first:
        return min(one.first, other.first)
    for i, (node, twin) in enumerate(zip(one.nodes, other.nodes, strict=False), one.first):
        if not _same_node(node, twin, same_names):
            return i
    return one.first + min(len(one), len(other)) if len(one) != len(other) else None


def _same_node(node: Node, twin: Node, same_names: bool) -> bool:
    if node.inputs != twin.inputs or node.type != twin.type or not _same_op(node.op, twin.op, same_names):
        return False
    if "bodies" not in dict(node.params):
        return node.params == twin.params
    pairs = list(zip(node.param("bodies"), twin.param("bodies"), strict=False))
    return all([_first_other(a, b, same_names) is None and a.outputs == b.outputs for a, b in pairs])


def _same_op(one: Op, other: Op, same_names: bool) -> bool:
    """Whether two ops are one; an op that the function makes anew in each trace is known by its code."""
    if one is other:
        return True
    ours, theirs = [getattr(getattr(op, "function", None), "__code__", None) for op in (one, other)]
    return same_names and ours is not None and ours == theirs and one.name == other.name


def _same_output(one: Structure, other: Structure) -> bool:
    pairs = zip(one.leaves, other.leaves, strict=False)
    return one.spec == other.spec and all([a == b or _is_function(a, b) for a, b in pairs])


def _is_function(*leaves: Any) -> bool:
    """Whether leaves are functions, which a function may make anew each time."""
    return all([isinstance(leaf, Static) and callable(leaf.value) for leaf in leaves])


# What to say of it.


def _changed(one: Snapshot, other: Snapshot) -> list[str]:
    """The names of what was read and has another content now."""
    names = dict.fromkeys([*one.names, *other.names])
    return [name for name in names if one.names.get(name) != other.names.get(name)]


def _capture_error(function: Callable[..., Any], where: Difference, names: Sequence[str]) -> StaleCaptureError:
    what = _listed(names) or "something"
    verb = "have" if len(names) > 1 else "has"
    return StaleCaptureError(
        f"{what} that {name_of(function)} reads {verb} changed since it was compiled, and the compiled function would"
        " go on with the old value",
        where.line or Source.of(function),
        f"pass {_listed(names) or 'what changes'} as an argument",
    )


def _draw_error(function: Callable[..., Any], where: Difference, names: Sequence[str]) -> StaleCaptureError:
    state = f" ({_listed(names)} changed in between)" if names else ""
    return StaleCaptureError(
        f"{name_of(function)} does something else each time it is traced with the same arguments{state}: it draws"
        " random numbers or has a state, and the compiled function would go on with the first ones",
        where.line or Source.of(function),
        "draw outside of the function and pass what was drawn as an argument, or draw in an op with pure=False of a"
        " traced argument",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
