"""Sparse matrices: scipy's, with a derivative for each element of their pattern.

A sparse matrix is taken apart into its data, which is an array like any other, and its pattern, which is static. In a
traced function `Sparse` stands in for it: it has the operators and methods that have a derivative, and all of them are
made of ordinary ops on the data and of the primitives in `products`.

Limits: both factors sparse, slices and solvers are not known.
"""

from __future__ import annotations

import operator
import sys
from types import FrameType, MappingProxyType
from typing import Any

import numpy as np
import scipy

from ...errors import GraphTypeError, TracedConversionError
from ..arrays.arguments import is_traced
from ..arrays.as_array import asarray, ndim
from ..arrays.indexing.items import at_add, getitem
from ..arrays.views import broadcast_to, reshape, transpose
from ..core.op import Op
from ..core.types import Shape
from ..elementwise.arithmetic import add, divide, multiply, negative, subtract
from ..linear_algebra.products import matmul
from ..reductions.reductions import sum as sum_of
from .patterns import Pattern, compressed, coordinates
from .products import sparse_matmul

OPERATORS = MappingProxyType(
    {
        matmul: operator.matmul,
        multiply: operator.mul,
        divide: operator.truediv,
        add: operator.add,
        subtract: operator.sub,
    }
)
"""The operators of sparse matrices, by the ops that they are for arrays."""


# What stands in for a sparse matrix.


class Sparse:
    """A sparse matrix with traced data: A @ x, x @ A, products and quotients with numbers and arrays, A + B of one
    pattern, -A, A.T, A.sum(axis), A.multiply(x), A.toarray(), and A.data.
    """

    __slots__ = ("data", "pattern")
    __array_ufunc__ = None  # so that NumPy leaves operators to this class

    def __init__(self, data: Any, pattern: Pattern) -> None:
        self.data = data
        self.pattern = pattern

    def __repr__(self) -> str:
        return f"Sparse({self.pattern.cls.__name__}, {self.shape}, {self.data!r})"

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return self.pattern.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its elements."""
        return self.data.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Always 2."""
        return 2

    @property
    def nnz(self) -> int:
        """The number of elements of its pattern."""
        return self.pattern.nnz

    @property
    def T(self) -> Sparse:
        """The transpose."""
        return Sparse(self.data, self.pattern.transposed)

    def transpose(self) -> Sparse:
        """The transpose."""
        return self.T

    def toarray(self) -> Any:
        """The same as an array."""
        return at_add(np.zeros(self.shape, self.dtype), coordinates(self.pattern), self.data)

    todense = toarray

    def sum(self, axis: int | None = None, dtype: None = None, out: None = None) -> Any:
        """The sum of all elements, or along an axis."""
        if axis is None:
            return sum_of(self.data)
        along = self if axis % 2 == 1 else self.T
        total = along @ np.ones(along.shape[1], self.dtype)
        if not self._is_matrix:
            return total
        return reshape(total, (1, -1) if axis % 2 == 0 else (-1, 1))

    def multiply(self, other: Any) -> Sparse:
        """The product with a number, or element by element with an array."""
        return Sparse(multiply(self.data, self._at_pattern("multiply", other)), self.pattern)

    def __matmul__(self, x: Any) -> Any:
        if is_sparse(x):
            raise _unknown("the product of two sparse matrices")
        form, operand = compressed(self.pattern), asarray(x)
        data = self.data if form.order is None else getitem(self.data, form.order)
        return sparse_matmul(data, form.indices, form.indptr, operand, shape=form.shape, flip=form.flip)

    def __rmatmul__(self, x: Any) -> Any:
        if is_sparse(x):
            raise _unknown("the product of two sparse matrices")
        return transpose(self.T @ transpose(asarray(x)))

    dot = __matmul__

    def __mul__(self, other: Any) -> Any:
        return self @ other if self._is_matrix and ndim(other) else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        return other @ self if self._is_matrix and ndim(other) else self.multiply(other)

    def __truediv__(self, other: Any) -> Sparse:
        return Sparse(self.data / self._at_pattern("divide", other), self.pattern)

    def __neg__(self) -> Sparse:
        return Sparse(negative(self.data), self.pattern)

    def __add__(self, other: Any) -> Any:
        return self._plus(add, other)

    def __sub__(self, other: Any) -> Any:
        return self._plus(subtract, other)

    __radd__ = __add__

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __array__(self, *args: Any, **params: Any) -> Any:
        if asked_by_scipy():
            return np.array(None, dtype=object)  # for which its operators leave the operation to ours
        raise TracedConversionError(
            "a traced sparse matrix cannot become a plain array, which would lose its gradient", fix="use A.toarray()"
        )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a traced sparse matrix has no {name}; use A.toarray().{name}, or its elements A.data")

    @property
    def _is_matrix(self) -> bool:
        return issubclass(self.pattern.cls, scipy.sparse.spmatrix)

    def _at_pattern(self, what: str, other: Any) -> Any:
        """A number itself, or the elements of an array that stand at those of the pattern."""
        if is_sparse(other):
            raise _unknown(f"{what} of two sparse matrices, element by element")
        array = asarray(other)
        return getitem(broadcast_to(array, self.shape), coordinates(self.pattern)) if ndim(array) else other

    def _plus(self, op: Op, other: Any) -> Any:
        """The sum with, or the difference to, an array or a sparse matrix of the same pattern."""
        if is_sparse(other):
            right = sparse(other)
            if right.pattern != self.pattern:
                raise _unknown("a sum of two sparse matrices of different patterns")
            return Sparse(op(self.data, right.data), self.pattern)
        if ndim(other):
            return op(self.toarray(), asarray(other))
        if is_traced(other) or other != 0:
            raise _unknown("a sum of a sparse matrix and a number")
        return self  # where sum() starts


def _unknown(what: str) -> GraphTypeError:
    return GraphTypeError(f"{what} is not known where one is traced", fix="make one of them an array, with A.toarray()")


def is_sparse(value: object) -> bool:
    """Whether a value is a sparse matrix, traced or scipy's."""
    return isinstance(value, Sparse) or is_scipys(value)


def is_scipys(value: object) -> bool:
    """Whether a value is a sparse matrix of scipy's, which has to be loaded only where there are some."""
    return "scipy.sparse" in sys.modules and bool(scipy.sparse.issparse(value))


def sparse(matrix: Any) -> Sparse:
    """A sparse matrix of scipy's as one that takes Vars in its operators; a traced one itself."""
    if isinstance(matrix, Sparse):
        return matrix
    pattern = Pattern.of(matrix)
    return Sparse(matrix.data, pattern)


def beside_sparse(op: Op, left: Any, right: Any) -> Any:
    """What an operator gives where one side is a sparse matrix of scipy's, and the other traced.

    Arguments:
        op: the op behind the operator.
        left, right: its sides.
    Returns:
        the result; NotImplemented where neither side is such a matrix, or the operator has no meaning for it.
    """
    sides = [sparse(side) if is_scipys(side) else side for side in (left, right)]
    known = op in OPERATORS and (sides[0] is not left or sides[1] is not right)
    return OPERATORS[op](*sides) if known else NotImplemented


ARITHMETIC = frozenset(
    f"__{name}__" for name in ("add", "eq", "matmul", "mul", "ne", "rmatmul", "rmul", "sub", "truediv")
)


def asked_by_scipy() -> bool:
    """Whether the code that asks `__array__` is an operator of scipy's sparse matrices."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("scipy.sparse"):
        if frame.f_code.co_name in ARITHMETIC:
            return True
        frame = frame.f_back
    return False
