"""Sums over nodes of a rule of quadrature, for many elements at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

BLOCK = 4096  # elements whose nodes lie in memory together


def by_blocks(f: Callable[..., Any], *arrays: Any) -> Any:
    """A function of arrays of equal shape that computes each element by itself, a block of elements at a time.

    The function gets arrays of one axis. There are two elements at least: NumPy adds up the rows of a single column in
    another order, and which elements stand together shall not matter.
    """
    flat = [np.ravel(x) for x in arrays]
    size = flat[0].size
    if size == 1:
        return f(*(np.repeat(x, 2) for x in flat))[:1].reshape(arrays[0].shape)
    bounds = [*range(0, size - 1, BLOCK), size] if size else []
    parts = [f(*(x[a:b] for x in flat)) for a, b in pairwise(bounds)]
    return np.concatenate(parts).reshape(arrays[0].shape) if parts else np.zeros(arrays[0].shape)
