"""Result: what an op over structures returns; the parameter `result` of its nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ....ops.arrays.tuples import item
from ....ops.core.types import ResidualType, TupleType, ValueType
from .structure import Structure


@dataclass(frozen=True, slots=True)
class Result:
    """What an op returns: a structure of types, and residuals behind its leaves, if there are any.

    Arguments:
        structure: of what the op returns.
        residuals: a guess at their bytes; None where there are none.
    """

    structure: Structure
    residuals: int | None = None

    @property
    def type(self) -> ValueType[Any]:
        """The type of the node: of its only leaf, else of the tuple of the leaves."""
        types = self.structure.types
        if self.residuals is not None:
            return TupleType((*types, ResidualType(object, self.residuals)))
        return types[0] if len(types) == 1 else TupleType(types)

    def leaves(self, whole: Any, take: Callable[..., Any] = item) -> list[Any]:
        """The leaves, from the value of the node or from its cotangent."""
        if not isinstance(self.type, TupleType):
            return [whole]
        return [take(whole, index=k) for k in range(len(self.structure.types))]
