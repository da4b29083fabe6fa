"""What a node costs: seconds by its floating-point operations and its bytes.

The model is a roofline without overlap: a fixed price for the call, plus flops over the rate of one core, plus the
bytes read and written over the bandwidth of one core. It decides only what is worth a task, where a factor of two
hardly matters; nothing else reads it, and no result depends on it but through the plan.

Source: S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4), 2009.
Limits: transcendental functions count as one operation of each element unless the op says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..graph.graph import Node, literal
from ..ops.op import Kind
from ..ops.types import NumericType, ValueType


@dataclass(frozen=True, slots=True)
class Machine:
    """The rates of one core.

    Arguments:
        flops_per_s: floating-point operations a second, in the middle between ufuncs and BLAS.
        bytes_per_s: bytes read or written a second.
        call_s: seconds of one call of NumPy.
        view_s: seconds of one call that makes a view.
        link_bytes_per_s: bytes a second between two tasks.
    """

    flops_per_s: float = 2e9
    bytes_per_s: float = 5e9
    call_s: float = 1e-6
    view_s: float = 2e-7
    link_bytes_per_s: float = 5e9


@dataclass(frozen=True, slots=True)
class Cost:
    """What a node costs.

    Arguments:
        seconds: on one core, estimated.
        nbytes: of the result.
    """

    seconds: float
    nbytes: int


def is_free(node: Node) -> bool:
    """Whether a node is recomputed by each task that reads it: a view, or what reads nothing."""
    return node.op.kind is Kind.VIEW or not node.inputs


def cost(node: Node, types: tuple[ValueType[Any], ...], machine: Machine) -> Cost:
    """The cost of a node.

    Arguments:
        node: the node.
        types: the types of its operands.
        machine: the rates.
    Returns:
        its Cost.
    """
    nbytes = node.type.nbytes
    if node.op.kind is Kind.VIEW:
        return Cost(machine.view_s, nbytes)
    if node.op is literal:
        return Cost(0.0, nbytes)
    moved = nbytes + sum([t.nbytes for t in types])
    return Cost(machine.call_s + flops(node, types) / machine.flops_per_s + moved / machine.bytes_per_s, nbytes)


def flops(node: Node, types: tuple[ValueType[Any], ...]) -> float:
    """The floating-point operations of a node, at least one for each element of the result."""
    if node.op.flops is not None:
        return float(node.op.flops(*types, node.type, **dict(node.params)))
    return float(node.type.size if isinstance(node.type, NumericType) else node.type.nbytes / 8)
