"""Random sparse arrays, made alike by every version of SciPy: the names of random_array's arguments have changed."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def random_sparse(rng: np.random.Generator, shape: tuple[int, int], density: float) -> sp.coo_array:
    """An array that stores the share `density` of its elements, from [0, 1), at places drawn without repetition."""
    size = shape[0] * shape[1]
    places = rng.choice(size, round(density * size), replace=False)
    return sp.coo_array((rng.random(len(places)), np.divmod(places, shape[1])), shape=shape)
