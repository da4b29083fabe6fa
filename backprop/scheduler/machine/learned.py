"""Rates that are corrected by what ops were measured to take, by op and size class.

A size class is the dtype of an op, the elements of its result, and the bytes that it reads and writes, both to the next
power of two: a product of a matrix and a vector is of another class than one of two matrices. An op that holds a graph,
as a loop does, is of a class with those that hold the same ops.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from ...graph.graph import Node, bodies
from ...ops.core.costs import size
from ...ops.core.types import NumericType, ValueType
from .cost import Machine, moved

LEAST, MOST = 1e-7, 1e7
"""Bounds of a factor; beyond, something else was measured than the op."""

OWN = "your "
"""What stands before the name of an op that is not the package's: another program may mean another op by it."""


Measured: TypeAlias = tuple[str, float, float]
"""Of one node or more: their size class, the seconds that the rates say, and those that they took."""


@dataclass(frozen=True, slots=True)
class Corrected(Machine):
    """The rates of a core, and how many times as long some ops take.

    Arguments:
        factors: by op and size class.
    """

    factors: Mapping[str, float] = field(default_factory=dict, hash=False)

    def factor(self, node: Node, types: tuple[ValueType[Any], ...]) -> float | None:
        """See Machine."""
        return self.factors.get(size_class(node, types))

    @property
    def rates(self) -> Machine:
        """See Machine."""
        return Machine(**_rates(self))


def corrected(machine: Machine, factors: Mapping[str, float]) -> Machine:
    """Rates with what is known of ops; the rates alone where nothing is.

    Arguments:
        machine: the rates.
        factors: by op and size class; they take the place of those that the machine has.
    """
    return Corrected(**_rates(machine), factors=factors) if factors else machine.rates


def _rates(machine: Machine) -> dict[str, float]:
    return {rate.name: getattr(machine, rate.name) for rate in fields(Machine)}


def size_class(node: Node, types: tuple[ValueType[Any], ...]) -> str:
    """The op and size class of a node, as text that is the same in each process.

    Arguments:
        node: the node.
        types: of its operands.
    """
    op, type = node.op, node.type
    dtypes = [t.dtype.char for t in (*types, type) if isinstance(t, NumericType)]
    held = [inner.op.name for body in bodies(node) for inner in body.nodes]
    inside = f"({zlib.crc32(' '.join(held).encode()):08x})" if held else ""
    name = f"{op.name}{inside}" if op.is_built_in else f"{OWN}{op.name}{inside}"
    return f"{name} {dtypes[0] if dtypes else '-'} {_order(size(type))} {_order(moved(node, types))}"


def _order(count: float) -> int:
    """The power of two that bounds a count."""
    return max(math.ceil(count) - 1, 0).bit_length()


def factors(measured: Iterable[Measured]) -> dict[str, float]:
    """How many times as long ops take as the rates say.

    Arguments:
        measured: what nodes took.
    Returns:
        a factor for each size class, such that all nodes of it together take what they took.
    """
    sums: dict[str, list[float]] = {}
    for name, predicted, took in measured:
        both = sums.setdefault(name, [0.0, 0.0])
        both[0] += predicted
        both[1] += took
    return {name: min(MOST, max(LEAST, took / said)) for name, (said, took) in sums.items() if said > 0.0}
