"""What a node costs: seconds by its floating-point operations and its bytes, and how long it holds the GIL.

The model is a roofline without overlap: a fixed price for the call, plus operations over the rate of one core, plus the
bytes that do not fit its cache over the bandwidth of one core. There are three rates, of arithmetic, of functions and
of products of matrices, as these are a factor of 10 apart. It decides only what is worth a task, where a factor of two
hardly matters; nothing else reads it, and no result depends on it but through the plan.

NumPy holds the GIL around each call, and for all of a call on small arrays: two such calls do not overlap on threads.

Source: S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4), 2009; NumPy's NPY_BEGIN_THREADS_THRESHOLDED.
Limits: the cache is taken to be empty, or to hold all operands that fit. An op of the user's own that loops in Python
holds the GIL for longer than the model says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ...graph.autodiff.loop import Loop
from ...graph.graph import Graph, Node, bodies, literal
from ...ops.core.costs import PerElement, PerResult, size
from ...ops.core.op import Kind
from ...ops.core.types import NumericType, ScalarType, ValueType

HOLDS_GIL = 500
"""Elements below which NumPy holds the GIL for the whole of a call."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The rates of one core, in double precision.

    Arguments:
        blas_per_s: floating-point operations a second in products of matrices.
        elements_per_s: operations a second in arithmetic on arrays that fit the cache.
        functions_per_s: operations a second in functions (see ops/flops.py) of arrays that fit the cache.
        single: how many times as fast all three are in single precision.
        cache_bytes: of the cache that a core has to itself.
        bytes_per_s: bytes read or written a second, beyond the cache.
        call_s: seconds of one call of NumPy.
        view_s: seconds of one call that makes a view, or takes NumPy's scalars only.
        link_bytes_per_s: bytes a second between two tasks of different processes.
        task_s: seconds that a task costs on threads.
    """

    blas_per_s: float = 4e10
    elements_per_s: float = 4e9
    functions_per_s: float = 5e9
    single: float = 2.0
    cache_bytes: float = 5e5
    bytes_per_s: float = 3e10
    call_s: float = 7e-7
    view_s: float = 2e-7
    link_bytes_per_s: float = 5e9
    task_s: float = 1e-4

    def factor(self, node: Node, types: tuple[ValueType[Any], ...]) -> float | None:
        """How many times as long a node takes as these rates say, where that was measured; None where it was not.

        Arguments:
            node: the node.
            types: of its operands.
        """
        del node, types
        return None

    @property
    def rates(self) -> Machine:
        """The machine by its rates alone, without what was measured of ops."""
        return self

    def slower(self, factor: float) -> Machine:
        """The machine on which each node takes `factor` times as long; tasks and what passes between them stay."""
        return replace(
            self,
            blas_per_s=self.blas_per_s / factor,
            elements_per_s=self.elements_per_s / factor,
            functions_per_s=self.functions_per_s / factor,
            bytes_per_s=self.bytes_per_s / factor,
            call_s=self.call_s * factor,
            view_s=self.view_s * factor,
        )


class Cost(NamedTuple):
    """What a node costs.

    Arguments:
        seconds: on one core, estimated.
        nbytes: of the result.
        gil_s: the seconds of these that hold the GIL.
    """

    seconds: float
    nbytes: int
    gil_s: float = 0.0


def free_nodes(graph: Graph) -> list[bool]:
    """For each id, whether it is recomputed by each task that reads it: a view, or what depends on no input.

    Constants are free so that two branches that share one (the cotangent of a mean, say) do not wait for each other.
    """
    constant = [False] * graph.first
    free = [False] * graph.first
    for node in graph.nodes:
        kind = node.op.kind
        is_constant = kind is not Kind.HOST_PINNED and all(map(constant.__getitem__, node.inputs))
        constant.append(is_constant)
        free.append(is_constant or kind is Kind.VIEW)
    return free


def cost(node: Node, types: tuple[ValueType[Any], ...], machine: Machine) -> Cost:
    """The cost of a node.

    Arguments:
        node: the node.
        types: the types of its operands.
        machine: the rates.
    Returns:
        its Cost, corrected by what was measured.
    """
    factor = machine.factor(node, types)
    if factor is None:
        return _by_rates(node, types, machine)
    price = _by_rates(node, types, machine.rates)
    in_proportion = node.op.seconds is None and (price.gil_s >= price.seconds or bool(bodies(node)))
    gil_s = factor * price.gil_s if in_proportion else min(price.gil_s, factor * price.seconds)
    return Cost(factor * price.seconds, price.nbytes, gil_s)


def _by_rates(node: Node, types: tuple[ValueType[Any], ...], machine: Machine) -> Cost:
    """The cost of a node as the model says."""
    nbytes = node.type.nbytes
    if node.op is literal:
        return Cost(0.0, nbytes)
    if node.op.kind is Kind.VIEW:
        return Cost(machine.view_s, nbytes, machine.view_s)
    if held := bodies(node):
        return _dearest(held, node.params.get("loop"), nbytes, machine)
    if node.op.seconds is not None:
        return Cost(float(node.op.seconds(*types, node.type, **dict(node.params))), nbytes, machine.call_s)
    beyond = max(0.0, moved(node, types) - machine.cache_bytes)
    scalars = all([isinstance(t, ScalarType) for t in (*types, node.type)])
    call = machine.view_s if scalars else machine.call_s
    seconds = call + flops(node, types) / rate(node, types, machine) + beyond / machine.bytes_per_s
    return Cost(seconds, nbytes, seconds if is_small(node, types) else call)


def costs(graph: Graph, machine: Machine) -> list[Cost]:
    """The cost of each node of a graph; it is worked out once for equal ops, params and types."""
    worked_out: dict[Any, Cost] = {}
    found: list[Cost] = []
    for key, node, types in _keyed(graph):
        price = worked_out.get(key)
        if price is None:
            price = worked_out[key] = cost(node, tuple([types[j] for j in node.inputs]), machine)
        found.append(price)
    return found


def kinds(graph: Graph) -> list[tuple[Node, tuple[ValueType[Any], ...], int]]:
    """The nodes of a graph that differ in op, params or types: the first of each kind, its operands' types, how many.

    A graph of 10^5 nodes, as a loop over numbers makes it, has a few kinds.
    """
    firsts: dict[Any, tuple[Node, tuple[ValueType[Any], ...]]] = {}
    counts: dict[Any, int] = {}
    for key, node, types in _keyed(graph):
        if key not in counts:
            firsts[key] = node, tuple([types[j] for j in node.inputs])
            counts[key] = 0
        counts[key] += 1
    return [(*firsts[key], count) for key, count in counts.items()]


def _keyed(graph: Graph) -> Iterator[tuple[Any, Node, Sequence[ValueType[Any]]]]:
    """The nodes of a graph, each with what its cost depends on, and the types of all ids before it."""
    types = list(graph.inputs)
    for node in graph.nodes:
        op, inputs, params, type, _ = node
        yield (op, params, id(type), *[id(types[j]) for j in inputs]), node, types  # types by their identity
        types.append(type)


def _dearest(held: tuple[Graph, ...], loop: Loop | None, nbytes: int, machine: Machine) -> Cost:
    """The cost of a node that holds graphs: of the dearest of them, in a loop once a step."""
    dearest = max([costs(body, machine) for body in held], key=lambda parts: sum([part.seconds for part in parts]))
    steps = 1 if loop is None else loop.length
    seconds, gil_s = sum([part.seconds for part in dearest]), sum([part.gil_s for part in dearest])
    return Cost(machine.call_s + steps * seconds, nbytes, machine.call_s + steps * gil_s)


def moved(node: Node, types: tuple[ValueType[Any], ...]) -> int:
    """The bytes that a node reads and writes."""
    nbytes = node.type.nbytes
    if isinstance(node.op.flops, PerResult):
        return nbytes + sum([min(t.nbytes, nbytes) for t in types])
    return nbytes + sum([t.nbytes for t in types])


def is_small(node: Node, types: tuple[ValueType[Any], ...]) -> bool:
    """Whether NumPy holds the GIL for all of a node."""
    is_ufunc = node.op.flops is None or isinstance(node.op.flops, PerElement)
    return is_ufunc and max([size(t) for t in (*types, node.type)]) < HOLDS_GIL


def rate(node: Node, types: tuple[ValueType[Any], ...], machine: Machine) -> float:
    """The operations a second that a node reaches.

    Arguments:
        node: the node.
        types: of its operands.
        machine: the rates of the machine.
    """
    first = types[0] if types else node.type
    scale = machine.single if isinstance(first, NumericType) and first.dtype.char in "fF" else 1.0
    if node.op.flops is None:
        return scale * machine.elements_per_s
    return scale * (machine.functions_per_s if isinstance(node.op.flops, PerElement) else machine.blas_per_s)


def flops(node: Node, types: tuple[ValueType[Any], ...]) -> float:
    """The operations of a node: by default one for each element, of an elementwise op with n operands n - 1."""
    if node.op.flops is not None:
        return float(node.op.flops(*types, node.type, **dict(node.params)))
    if node.op.kind is Kind.ELEMENTWISE:
        return max(1, len(types) - 1) * size(node.type)
    return max([size(t) for t in (*types, node.type)])
