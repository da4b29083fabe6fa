"""Sparse matrices as containers of their data, which is an array like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from .matrix import Sparse, sparse
from .patterns import Pattern, is_of_scipy

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


def is_container(cls: type) -> bool:
    """Whether instances of a class of SciPy's are sparse matrices; `take_apart` refuses those that are not known."""
    return is_of_scipy(cls) and issubclass(cls, scipy.sparse.sparray | scipy.sparse.spmatrix)
