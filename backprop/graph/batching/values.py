"""What a value of a graph is in its batched graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ...ops.arrays.tuples import item
from ...ops.core.types import TupleType
from ..tracing.var import Var


@dataclass(frozen=True, slots=True)
class Single:
    """One value for all places in the batch."""

    var: Var[Any]


@dataclass(frozen=True, slots=True)
class Stacked:
    """An array with the batch as its first axis."""

    var: Var[Any]


@dataclass(frozen=True, slots=True)
class Each:
    """A value for each place in the batch, as those of a user's class cannot be stacked."""

    vars: tuple[Var[Any], ...]


@dataclass(frozen=True, slots=True)
class Several:
    """The items of a tuple."""

    items: tuple[Value, ...]

    @classmethod
    def of(cls, var: Var[Any]) -> Several:
        """The items of a tuple all of whose items are stacked."""
        assert isinstance(var.type, TupleType)
        return cls(tuple([Stacked(item(var, index=k)) for k in range(len(var.type.items))]))


Value: TypeAlias = "Single | Stacked | Each | Several"
