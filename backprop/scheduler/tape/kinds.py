"""Kinds of nodes: what all nodes of equal op, parameters and types have in common, found once.

A kind knows what to call for the value of a node, and how a cotangent is pulled back through it: the graph of its rule
as steps over a few cells. Equal kinds are found in the cache, whatever graph they come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...graph.autodiff.masking.mask_flow import Part
from ...graph.autodiff.rule_graphs import rule_graph
from ...graph.autodiff.shortcuts.pairs import OUTER
from ...graph.bits import decides_bits
from ...graph.graph import Node, bodies, literal
from ...graph.ownership import contiguous
from ...graph.params import Params
from ...ops.core.cache import cached
from ...ops.core.op import Kind, Op
from ...ops.core.types import ArrayType, NumericType, ValueType
from ...ops.elementwise.masking import cleared, masked
from ..machine.cost import Machine, cost
from ..programs.memory.liveness import liveness

Types: TypeAlias = tuple[ValueType[Any], ...]
Function: TypeAlias = Callable[..., Any]

MUCH = 1 << 10
"""Bytes of a value from which its memory is worth a thought: to let go of it, or to write another one there."""


class NodeKind(NamedTuple):
    """What nodes of an op on operands of some types have in common.

    Arguments:
        node: one of them; its ids do not count.
        types: of the operands.
        function: what computes the value, C-contiguous unless it is a view.
        parallel_s: seconds of one call that hold no GIL.
        may_skip: whether a node may be the outer part of a shortcut.
        nbytes: of the value of a node.
        overwrites: the positions of operands that the value of a node may be written over.
    """

    node: Node
    types: Types
    function: Function
    parallel_s: float
    may_skip: bool
    nbytes: int
    overwrites: tuple[int, ...]


class Step(NamedTuple):
    """One node of a rule: what is called, on which cells; `second` is -1 where there is one operand, -2 where the
    function takes all cells; `over` is the cell that the result may be written over, -1 where there is none."""

    function: Function
    first: int
    second: int
    over: int
    node: Node
    types: Types

    def written_over(self, cells: list[Any]) -> Any:
        """The result, in the memory of the cell that it may be written over, which is let go of."""
        reads = (self.first,) if self.second == -1 else (self.first, self.second)
        operands, cells[self.over] = [cells[k] for k in (*reads, self.over)], None
        return self.function(*operands)


class Masked(NamedTuple):
    """A cotangent that may have a mask.

    Arguments:
        position: of the operand.
        part: where it lies among zeros, if that is all of its mask.
    """

    position: int
    part: Part | None


class Pull(NamedTuple):
    """How a cotangent goes back through a node.

    Arguments:
        steps: done in order, each adds a cell to those of the operands, the result and its cotangent.
        given: for each operand that gets a cotangent its position, and the cell and the type of the cotangent.
        masked: which of these may have a mask.
        reads: which of the first cells are read: the operands, and behind them the result.
    """

    steps: tuple[Step, ...]
    given: tuple[tuple[int, int, ValueType[Any]], ...]
    masked: tuple[Masked, ...]
    reads: frozenset[int]


@cached()
def node_kind(op: Op, params: Params, types: Types, type: ValueType[Any], machine: Machine) -> NodeKind | None:
    """The kind of nodes; None for what a tape does not run.

    Arguments:
        op, params: what the nodes compute.
        types: of their operands.
        type: of their results.
        machine: the rates that seconds are estimated with.
    """
    node = Node(op, tuple(range(len(types))), params, type)
    if not runs_on_tape(node, types):
        return None
    price = cost(node, types, machine)
    parallel_s = max(0.0, price.seconds - price.gil_s)
    return NodeKind(
        node, types, _function(node, types), parallel_s, op in OUTER, type.nbytes, overwritable(node, types)
    )


def runs_on_tape(node: Node, types: Types) -> bool:
    """Whether a node computes numbers from numbers, in a way that no pass changes the bits of."""
    is_ours = node.op.is_built_in and not node.op.runs_once and not bodies(node)
    is_numeric = all([isinstance(t, NumericType) for t in (*types, node.type)])
    return is_ours and is_numeric and not decides_bits(node, types)


def overwritable(node: Node, types: Types) -> tuple[int, ...]:
    """The positions of operands that the value of a node may be written over: a ufunc does it element by element."""
    if node.type.nbytes <= MUCH or not (node.op.is_elementwise and isinstance(_kernel(node, types), np.ufunc)):
        return ()
    return tuple([k for k, t in enumerate(types) if t == node.type])


def _kernel(node: Node, types: Types) -> Function:
    """What computes a node, in any layout."""
    op, params = node.op, dict(node.params)
    is_weak = any([t.weak for t in types if isinstance(t, NumericType)])  # kernels are for numbers of NumPy's
    if op.kernel is None or is_weak:
        return partial(op.compute, **params) if params else op.compute
    return op.kernel(*types, **params)


def _function(node: Node, types: Types) -> Function:
    """What computes a node."""
    op, function = node.op, _kernel(node, types)
    if op.kind is Kind.VIEW or not isinstance(node.type, ArrayType):
        return function
    is_row = op.kind is Kind.ELEMENTWISE and len(node.type.shape) < 2
    return function if is_row else _Contiguous(function)


@dataclass(frozen=True, slots=True, eq=False)
class _Contiguous:
    """A function whose result is made C-contiguous."""

    function: Function

    def __call__(self, *values: Any) -> Any:
        return contiguous(self.function(*values))


@cached()
def pull_of(kind: NodeKind, active: tuple[bool, ...], cotangent: ValueType[Any]) -> Pull | None:
    """How a cotangent goes back through the nodes of a kind; None where `differentiate` has to do it.

    Arguments:
        kind: of the nodes.
        active: for each operand, whether it gets a cotangent.
        cotangent: the type of the cotangent of the result.
    """
    found = rule_graph(kind.node, kind.types, active, cotangent)
    if found is None:
        return None
    graph, steps = found.graph, []
    last = liveness(graph).value
    for i, node in enumerate(graph.nodes, graph.first):
        types = tuple([graph.type_of(j) for j in node.inputs])
        if not runs_on_tape(node, types) or node.op in (masked, cleared):
            return None
        dying = [j for k in overwritable(node, types) if last[j := node.inputs[k]] == i and j >= graph.first - 1]
        steps.append(_step(node, types, dying[0] if dying else -1))
    given = tuple([(k, i, graph.type_of(i)) for k, i in zip(found.positions, graph.outputs, strict=True)])
    masks = zip(found.positions, found.masked, found.parts, strict=True)
    masked_ones = tuple([Masked(k, part) for k, is_masked, part in masks if is_masked])
    reads = frozenset([*graph.outputs, *[i for node in graph.nodes for i in node.inputs]])
    return Pull(tuple(steps), given, masked_ones, reads & frozenset(range(graph.first - 1)))


def _step(node: Node, types: Types, over: int) -> Step:
    function, reads = _function(node, types), node.inputs
    if node.op is literal:
        value = node.op.compute(**dict(node.params))
        return Step(lambda cells: value, 0, -2, -1, node, types)
    if len(reads) == 2:
        return Step(function, reads[0], reads[1], over, node, types)
    if len(reads) == 1:
        return Step(function, reads[0], -1, over, node, types)
    return Step(lambda cells: function(*[cells[i] for i in reads]), 0, -2, -1, node, types)
