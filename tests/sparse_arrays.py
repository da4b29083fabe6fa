"""Random sparse arrays, made alike by every version of SciPy: the names of random_array's arguments have changed."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def random_sparse(rng: np.random.Generator, shape: tuple[int, int], density: float) -> sp.coo_array:
    """An array whose elements are, with the probability `density`, drawn from [0, 1), and else not stored."""
    return sp.coo_array(np.where(rng.random(shape) < density, rng.random(shape), 0.0))
