"""Sparse matrices: scipy's, with a derivative for each element of their pattern.

A sparse matrix is taken apart into its data, which is an array like any other, and its pattern, which is static. In a
traced function `Sparse` stands in for it: it has the operators and methods that have a derivative, and all of them are
made of ordinary ops on the data and of two primitives, which are each other's derivatives:

    sparse_matmul(data, indices, indptr, x)     A @ x, or A.T @ x, A in CSR form
    sampled_matmul(a, b, indices, indptr)       (a @ b.T)[r, c] for each element (r, c) of the pattern

CSC is CSR of the transpose, and COO becomes CSR by a permutation of the data. The indices are operands, so that the
graph of a function does not depend on the pattern.

Source: the derivatives of a product, element by element; "sampled dense-dense matrix multiplication" in the literature.
Limits: csr, csc and coo, of two axes; both factors sparse, slices and solvers are not known. sampled_matmul holds two
arrays of nnz rows.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from ...errors import GraphTypeError, ShapeError, TracedConversionError
from ..arrays.indexing import at_add, getitem
from ..arrays.shapes import asarray, broadcast_to, is_traced, ndim, reshape, transpose
from ..core.op import Op
from ..core.types import NumericType, Shape, ValueType, numeric, value_type
from ..elementwise.arithmetic import add, divide, multiply, negative, subtract
from ..linear_algebra.products import matmul
from ..reductions.reductions import sum as sum_of

TRANSPOSED = MappingProxyType(
    {
        sp.csr_array: sp.csc_array,
        sp.csc_array: sp.csr_array,
        sp.coo_array: sp.coo_array,
        sp.csr_matrix: sp.csc_matrix,
        sp.csc_matrix: sp.csr_matrix,
        sp.coo_matrix: sp.coo_matrix,
    }
)
"""The classes that are known, and that of the transpose of each."""

OTHERS = tuple(getattr(sp, f"{name}_{kind}") for name in ("bsr", "dia", "dok", "lil") for kind in ("array", "matrix"))
"""The classes that are refused."""

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


# The two primitives.


def _matmul_type(
    data: ValueType[Any],
    indices: ValueType[Any],
    indptr: ValueType[Any],
    x: ValueType[Any],
    *,
    shape: Shape,
    flip: bool,
) -> NumericType[Any]:
    values, places, operand = numeric("sparse_matmul", data, indices, x)
    if values.shape != places.shape:
        raise ShapeError(
            f"a sparse matrix of {places.size} elements got data of shape {values.shape}",
            fix="hand in as many numbers as the pattern has places",
        )
    rows, columns = shape[::-1] if flip else shape
    if operand.ndim not in (1, 2) or operand.shape[0] != columns:
        raise ShapeError(
            f"matmul: a sparse matrix of shape {(rows, columns)} does not fit an array of {operand.shape}",
            fix="the array needs as many rows as the sparse matrix has columns",
        )
    return value_type((rows, *operand.shape[1:]), np.result_type(values.dtype, operand.dtype))


def _matmul(data: Any, indices: Any, indptr: Any, x: Any, *, shape: Shape, flip: bool) -> Any:
    matrix = sp.csr_array((data, indices, indptr), shape=shape)
    return (matrix.T if flip else matrix) @ x


def _matmul_vjp(
    g: Any, out: Any, data: Any, indices: Any, indptr: Any, x: Any, *, shape: Shape, flip: bool
) -> tuple[Any, ...]:
    a, b = (x, g) if flip else (g, x)
    by_data = sampled_matmul(a, b, indices, indptr, shape=shape)
    return by_data, None, None, sparse_matmul(data, indices, indptr, g, shape=shape, flip=not flip)


sparse_matmul: Op = Op(
    "sparse_matmul",
    _matmul_type,
    _matmul,
    _matmul_vjp,
    flops=lambda data, indices, indptr, x, out, *, shape, flip: 2.0 * data.size * (x.shape[1] if x.ndim > 1 else 1),
    home=__name__,
)


def _sampled_type(
    a: ValueType[Any], b: ValueType[Any], indices: ValueType[Any], indptr: ValueType[Any], *, shape: Shape
) -> NumericType[Any]:
    left, right, places = numeric("sampled_matmul", a, b, indices)
    return value_type(places.shape, np.result_type(left.dtype, right.dtype))


def _sampled(a: Any, b: Any, indices: Any, indptr: Any, *, shape: Shape) -> Any:
    rows = np.repeat(np.arange(shape[0]), np.diff(indptr))
    left, right = a[rows], b[indices]
    return left * right if left.ndim == 1 else np.einsum("ij,ij->i", left, right)


def _sampled_vjp(g: Any, out: Any, a: Any, b: Any, indices: Any, indptr: Any, *, shape: Shape) -> tuple[Any, ...]:
    by_a = sparse_matmul(g, indices, indptr, b, shape=shape, flip=False)
    by_b = sparse_matmul(g, indices, indptr, a, shape=shape, flip=True)
    return by_a, by_b, None, None


sampled_matmul: Op = Op(
    "sampled_matmul",
    _sampled_type,
    _sampled,
    _sampled_vjp,
    flops=lambda a, b, indices, indptr, out, *, shape: 2.0 * indices.size * (a.shape[1] if a.ndim > 1 else 1),
    home=__name__,
)


# Patterns.


class Compressed(NamedTuple):
    """A pattern in CSR form.

    Arguments:
        shape: of the CSR matrix.
        indices, indptr: of the CSR matrix.
        order: the place of each of its elements in the data; None where it is the same.
        flip: whether the matrix is its transpose.
    """

    shape: Shape
    indices: Any
    indptr: Any
    order: Any
    flip: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What a sparse matrix is but for its data; compared by content.

    Arguments:
        cls: its class.
        shape: its shape.
        places: its index arrays, read-only: (indices, indptr), or for COO (rows, columns).
        digest: a hash of them.
    """

    cls: type
    shape: Shape
    places: tuple[Any, ...]
    digest: int

    @classmethod
    def of(cls, matrix: Any) -> Pattern:
        """The pattern of a sparse matrix.

        Errors:
            GraphTypeError: another format, or another number of axes than two.
        """
        kind = type(matrix)
        if kind not in TRANSPOSED or matrix.ndim != 2:
            raise GraphTypeError(
                f"a {kind.__name__} of {matrix.ndim} axes is not known", fix="use csr, csc or coo: A.tocsr()"
            )
        return cls.made(
            kind, matrix.shape, matrix.coords if matrix.format == "coo" else (matrix.indices, matrix.indptr)
        )

    @classmethod
    def made(cls, kind: type, shape: Shape, places: tuple[Any, ...]) -> Pattern:
        """A pattern of index arrays, which are copied where they could be written to."""
        kept = tuple(_read_only(array) for array in places)
        return cls(kind, tuple(map(int, shape)), kept, hash((kind, shape, *(array.tobytes() for array in kept))))

    @property
    def nnz(self) -> int:
        """The number of its elements."""
        return int(self.places[0].size)

    @property
    def is_coo(self) -> bool:
        """Whether the index arrays are rows and columns."""
        return issubclass(self.cls, sp.coo_array | sp.coo_matrix)

    @property
    def transposed(self) -> Pattern:
        """The pattern of the transpose, with the data in the same order."""
        return self.made(TRANSPOSED[self.cls], self.shape[::-1], self.places[::-1] if self.is_coo else self.places)

    def matrix(self, data: Any) -> Any:
        """The sparse matrix of this pattern with some data."""
        places = tuple(array.copy() for array in self.places)
        return self.cls((data, places) if self.is_coo else (data, *places), shape=self.shape)

    def __hash__(self) -> int:
        return self.digest

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Pattern) or (self.digest, self.cls, self.shape) != (
            other.digest,
            other.cls,
            other.shape,
        ):
            return False
        return all(np.array_equal(a, b) for a, b in zip(self.places, other.places, strict=True))


def _read_only(array: Any) -> Any:
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


@lru_cache(maxsize=128)
def compressed(pattern: Pattern) -> Compressed:
    """A pattern in CSR form."""
    if not pattern.is_coo:
        flip = issubclass(pattern.cls, sp.csc_array | sp.csc_matrix)
        indices, indptr = pattern.places
        return Compressed(pattern.shape[::-1] if flip else pattern.shape, indices, indptr, None, flip)
    rows, columns = pattern.places
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=pattern.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(columns.dtype)
    return Compressed(pattern.shape, columns[order], indptr, order, False)


@lru_cache(maxsize=128)
def coordinates(pattern: Pattern) -> tuple[Any, Any]:
    """The row and the column of each element of the data."""
    if pattern.is_coo:
        return pattern.places[0], pattern.places[1]
    form = compressed(pattern)
    major = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
    return (form.indices, major) if form.flip else (major, form.indices)


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
        return issubclass(self.pattern.cls, sp.spmatrix)

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
    return isinstance(value, Sparse) or bool(sp.issparse(value))


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
    sides = [sparse(side) if sp.issparse(side) else side for side in (left, right)]
    known = op in OPERATORS and (sides[0] is not left or sides[1] is not right)
    return OPERATORS[op](*sides) if known else NotImplemented


def asked_by_scipy() -> bool:
    """Whether the code that asks `__array__` is an operator of scipy's sparse matrices."""
    return str(sys._getframe(2).f_globals.get("__name__", "")).startswith("scipy.sparse")


# As a container of its data.


def take_apart(matrix: Any) -> tuple[tuple[Any], Pattern, tuple[str]]:
    """The data of a sparse matrix, and its pattern."""
    found = sparse(matrix)
    return (found.data,), found.pattern, ("data",)


def put_together(pattern: Pattern, children: Any) -> Any:
    """The sparse matrix of some data: scipy's class where they are an array, None where there are none."""
    (data,) = children
    if data is None:
        return None
    return pattern.matrix(data) if isinstance(data, np.ndarray) else Sparse(data, pattern)


CONTAINERS: tuple[tuple[type, Callable[[Any], Any], Callable[[Any, Any], Any]], ...] = tuple(
    (cls, take_apart, put_together) for cls in (*TRANSPOSED, *OTHERS, Sparse)
)
"""How each class is taken apart and put together; those that are not known are refused when they are."""
