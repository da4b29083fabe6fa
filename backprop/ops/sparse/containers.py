"""Sparse matrices as containers of their data, which is an array like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from .matrix import Sparse, sparse
from .patterns import TRANSPOSED, Pattern

OTHERS = tuple(getattr(sp, f"{name}_{kind}") for name in ("bsr", "dia", "dok", "lil") for kind in ("array", "matrix"))
"""The classes that are refused."""


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
