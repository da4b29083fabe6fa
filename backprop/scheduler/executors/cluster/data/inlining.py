"""Parts of a Dask graph that one task alone needs are computed inside of that task.

A chunk that is made where it is read is never handed on, is never counted as a worker's data, and goes with its reader
when Dask moves that to another worker: so a gradient over a dask array that is much larger than the memory of all
workers takes the memory of a chunk for each thread.

Source: as `fuse` in dask/optimization.py, but across the border between Dask's tasks and ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

from dask.task_spec import GraphNode


def private_parts(tasks: Mapping[Any, Any], readers: Mapping[Hashable, int]) -> dict[Hashable, dict[Any, Any]]:
    """For keys that one task reads, the part of a Dask graph that makes them and that nothing else needs.

    Arguments:
        tasks: a Dask graph.
        readers: how many tasks of ours read each key.
    Returns:
        the part of each key that has one; what is left of the graph are the tasks in none of them.
    """
    needs = {key: _needs(tasks, key) for key in readers}
    uses = Counter(name for found in needs.values() for name in found)
    return {
        key: {name: tasks[name] for name in found}
        for key, found in needs.items()
        if readers[key] == 1 and all(uses[name] == 1 and isinstance(tasks.get(name), GraphNode) for name in found)
    }


def _needs(tasks: Mapping[Any, Any], key: Hashable) -> set[Hashable]:
    """The keys that a key is made of, itself among them."""
    seen: set[Hashable] = set()
    stack = [key]
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack += getattr(tasks.get(name), "dependencies", ())
    return seen
