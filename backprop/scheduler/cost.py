"""What a node costs: seconds by its floating-point operations and its bytes.

The model is a roofline without overlap: a fixed price for the call, plus operations over the rate of one core, plus the
bytes read and written over the bandwidth of one core. There are two rates, of BLAS and of ufuncs, a factor of 20 apart.
It decides only what is worth a task, where a factor of two hardly matters; nothing else reads it, and no result depends
on it but through the plan.

Source: S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4), 2009.
Limits: transcendental functions count as one operation of each element unless the op says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..graph.graph import Graph, Node, literal
from ..ops.op import Kind
from ..ops.types import NumericType, ValueType


@dataclass(frozen=True, slots=True)
class Machine:
    """The rates of one core.

    Arguments:
        blas_per_s: floating-point operations a second in products of matrices, in double precision.
        elements_per_s: elements a second of a ufunc, between arithmetic and transcendental functions.
        bytes_per_s: bytes read or written a second.
        call_s: seconds of one call of NumPy.
        view_s: seconds of one call that makes a view.
        link_bytes_per_s: bytes a second between two tasks.
    """

    blas_per_s: float = 4e10
    elements_per_s: float = 1.5e9
    bytes_per_s: float = 3e10
    call_s: float = 7e-7
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


def free_nodes(graph: Graph) -> list[bool]:
    """For each id, whether it is recomputed by each task that reads it: a view, or what depends on no input.

    Constants are free so that two branches that share one (the cotangent of a mean, say) do not wait for each other.
    """
    constant = [False] * graph.first
    free = [False] * graph.first
    for node in graph.nodes:
        is_constant = node.op.kind is not Kind.LOCAL and all([constant[i] for i in node.inputs])
        constant.append(is_constant)
        free.append(is_constant or node.op.kind is Kind.VIEW)
    return free


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
    return Cost(machine.call_s + flops(node, types) / rate(node, machine) + moved / machine.bytes_per_s, nbytes)


def rate(node: Node, machine: Machine) -> float:
    """The floating-point operations a second that a node reaches."""
    if node.op.flops is None or node.op.kind is Kind.ELEMENTWISE or not isinstance(node.type, NumericType):
        return machine.elements_per_s
    return machine.blas_per_s * (2 if node.type.dtype.itemsize == 4 else 1)


def flops(node: Node, types: tuple[ValueType[Any], ...]) -> float:
    """The floating-point operations of a node, at least one for each element of the result."""
    if node.op.flops is not None:
        return float(node.op.flops(*types, node.type, **dict(node.params)))
    return float(node.type.size if isinstance(node.type, NumericType) else node.type.nbytes / 8)
