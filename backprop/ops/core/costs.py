"""How many operations an op takes that is no product of matrices: the `flops` of functions and of decompositions.

An op without `flops` counts as arithmetic, one operation for each element. Functions take several, in three classes:
NumPy computes the common ones with vector instructions, others element by element, and SciPy some from series. A
decomposition counts as many operations as a product of matrices that takes as long.

Source: measured with NumPy 2.4, SciPy 1.17 and OpenBLAS 0.3.31 on one core with AVX-512.
Limits: a class spans a factor of four; which functions have vector instructions depends on the processor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .types import NumericType, ValueType


def size(t: ValueType[Any]) -> float:
    """The elements of a value; of one that is no array, its words."""
    return float(t.size) if isinstance(t, NumericType) else t.nbytes / 8


@dataclass(frozen=True, slots=True)
class Counted:
    """Operations in proportion to something.

    Arguments:
        count: operations for each of it.
    """

    count: float


class PerElement(Counted):
    """The operations of a function of each element of the largest operand or result."""

    __slots__ = ()

    def __call__(self, *types: ValueType[Any], **params: Any) -> float:
        """The operations on values of some types, the result's among them."""
        return self.count * max([size(t) for t in types])


class PerResult(PerElement):
    """The operations for each element of the result, of an op that reads no more of each operand than it writes."""

    __slots__ = ()

    def __call__(self, *types: ValueType[Any], **params: Any) -> float:
        """The operations on values of some types, the result's the last of them."""
        return self.count * size(types[-1])


class PerComparison(PerElement):
    """The operations for each comparison of a sort along an axis: of n elements in a row there are n log2(n)."""

    __slots__ = ()

    def __call__(self, *types: ValueType[Any], axis: int = -1, **params: Any) -> float:
        """The operations on values of some types, the result's among them."""
        (length,) = {t.shape[axis] for t in types if isinstance(t, NumericType)}
        return self.count * max([size(t) for t in types]) * math.log2(max(2, length))


class PerMatrix(Counted):
    """The operations of a decomposition of matrices (..., m, n), for each m n * n."""

    __slots__ = ()

    def __call__(self, x: NumericType[Any], *types: ValueType[Any], **params: Any) -> float:
        """The operations on an operand."""
        return self.count * x.size * x.shape[-1]


VECTORISED = PerElement(5)
"""exp, log, tanh and their kin."""

SCALAR = PerElement(40)
"""sin and cos in double precision, sigmoid, the gamma function; running sums and sorts."""

SOFTMAX = PerElement(30)
"""softmax and its kin: some passes over the elements, one of them a function."""

SERIES = PerElement(500)
"""Bessel functions, incomplete gamma and beta functions."""

GATHER = PerResult(5)
"""Elements picked by index arrays."""
