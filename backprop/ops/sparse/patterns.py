"""Where a sparse matrix has elements: its pattern, which is static and compared by content, in CSR form.

CSC is CSR of the transpose, and COO becomes CSR by a permutation of the data.

Limits: csr, csc and coo, of two axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import scipy

from ...errors import GraphTypeError
from ..core.cache import cached
from ..core.types import Shape

TRANSPOSED = MappingProxyType(
    {
        "csr_array": "csc_array",
        "csc_array": "csr_array",
        "coo_array": "coo_array",
        "csr_matrix": "csc_matrix",
        "csc_matrix": "csr_matrix",
        "coo_matrix": "coo_matrix",
    }
)
"""The names of the classes that are known, and that of the transpose of each."""


def is_of_scipy(kind: type) -> bool:
    """Whether this is one of the sparse classes of SciPy, which is not loaded to tell."""
    return kind.__module__.startswith("scipy.sparse") and getattr(scipy.sparse, kind.__name__, None) is kind


def is_known(kind: type) -> bool:
    """Whether this is a class of sparse matrices that may be taken apart."""
    return kind.__name__ in TRANSPOSED and is_of_scipy(kind)


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
        if not is_known(kind) or matrix.ndim != 2:
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
        return issubclass(self.cls, scipy.sparse.coo_array | scipy.sparse.coo_matrix)

    @property
    def transposed(self) -> Pattern:
        """The pattern of the transpose, with the data in the same order."""
        return self.made(
            getattr(scipy.sparse, TRANSPOSED[self.cls.__name__]),
            self.shape[::-1],
            self.places[::-1] if self.is_coo else self.places,
        )

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


@cached()
def compressed(pattern: Pattern) -> Compressed:
    """A pattern in CSR form."""
    if not pattern.is_coo:
        flip = issubclass(pattern.cls, scipy.sparse.csc_array | scipy.sparse.csc_matrix)
        indices, indptr = pattern.places
        return Compressed(pattern.shape[::-1] if flip else pattern.shape, indices, indptr, None, flip)
    rows, columns = pattern.places
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=pattern.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(columns.dtype)
    return Compressed(pattern.shape, columns[order], indptr, order, False)


@cached()
def coordinates(pattern: Pattern) -> tuple[Any, Any]:
    """The row and the column of each element of the data."""
    if pattern.is_coo:
        return pattern.places[0], pattern.places[1]
    form = compressed(pattern)
    major = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
    return (form.indices, major) if form.flip else (major, form.indices)
