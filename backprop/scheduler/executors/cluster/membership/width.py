"""How wide a cluster is: the threads that its workers have, or would have where it grows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def width(threads: Mapping[str, int], deployment: Any) -> int:
    """How many tasks a plan for a cluster is cut into, at most, at once.

    Arguments:
        threads: of each worker, by address.
        deployment: the cluster object of Dask behind a client, or None. Where it adapts, the width is that of its
            maximum, as it grows by the number of tasks that wait.
    """
    total = sum(threads.values())
    maximum = getattr(getattr(deployment, "_adaptive", None), "maximum", None)
    if not isinstance(maximum, int | float) or maximum == float("inf"):
        return max(1, total)
    each = max(threads.values(), default=1)
    return max(1, total, int(maximum) * each)
