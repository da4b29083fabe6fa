"""Values of Dask as handles: where each leaf lies, and its type, asked of the workers that hold it, all at once.

A type is remembered by the key of what it belongs to. A delayed object is computed, as nothing tells its type before.
Chunks of a dask array that is still to be computed become a part of the graph that reads them, so that an array may be
larger than the memory of all workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array
import numpy as np
from dask.delayed import Delayed, delayed
from dask.highlevelgraph import HighLevelGraph
from dask.task_spec import Task as DaskTask
from distributed import Future

from .....graph.handle import Handle, Home
from .....graph.tracing.structures.structure import Structure, flatten, unflatten
from .....ops.core.cache import Kept
from ....lower import Key, new_token
from ...by_dask.fetching import fetch_all
from ...by_dask.placing import LazyResult, chunks_of
from .homes import ClientHome


class Locating:
    """What lies on a cluster, by key.

    Arguments:
        client: of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._structures = Kept()  # by the keys of futures

    def locate(self, values: Sequence[Any]) -> list[Any]:
        """What stands for values of Dask: nested values with handles for leaves, and Chunks of handles.

        Arguments:
            values: futures, delayed objects and dask arrays.
        """
        unknown = [value for value in values if isinstance(value, Delayed) and not isinstance(value, LazyResult)]
        computed = iter(self._client.compute(unknown, traverse=False) if unknown else [])
        held = [next(computed) if any(value is u for u in unknown) else value for value in values]
        foreign = [v for v in held if isinstance(v, Future) and not self._is_ours(v)]
        futures = [v for v in held if isinstance(v, Future) and self._is_ours(v)]
        arrays = [v for v in held if isinstance(v, dask.array.Array)]
        found = {
            **{id(v): v.handle for v in held if isinstance(v, LazyResult)},
            **dict(zip(map(id, foreign), fetch_all(foreign), strict=True)),
            **dict(zip(map(id, futures), self._of_futures(futures), strict=True)),
            **dict(zip(map(id, arrays), chunks_of(arrays, self._shapes), strict=True)),
        }
        return [found[id(value)] for value in held]

    def _is_ours(self, future: Any) -> bool:
        client = future.client
        return client is self._client or client.scheduler.address == self._client.scheduler.address

    def _of_futures(self, futures: Sequence[Any]) -> list[Any]:
        home = ClientHome(self._client)
        return [_handles(s, home, future) for s, future in zip(self.structures(futures), futures, strict=True)]

    def structures(self, futures: Sequence[Any]) -> list[Structure]:
        """The structures of the results of futures."""
        known = {future.key: self._structures.get(future.key) for future in futures}
        unknown = {future.key: future for future in futures if known[future.key] is None}
        if unknown:
            answers = self._ask(structure_of_value, list(unknown.values()))
            for key, structure in zip(unknown, answers, strict=True):
                known[key] = structure
                self._structures.put(key, structure)
        return [known[future.key] for future in futures]

    def _ask(self, question: Any, futures: Sequence[Any]) -> list[Any]:
        name = f"bp-type-{new_token()}"
        keys: list[Key] = [(name, k) for k in range(len(futures))]
        tasks: dict[Any, Any] = {
            key: DaskTask(key, question, future) for key, future in zip(keys, futures, strict=True)
        }
        return list(self._client.get(HighLevelGraph({name: tasks}, {name: set()}), keys))

    def _shapes(self, unknown: Sequence[Any]) -> Sequence[tuple[int, ...]]:
        """The shapes of blocks, asked of the workers, which compute the blocks."""
        return list(self._client.gather(self._client.compute([delayed(np.shape)(block) for block in unknown])))


def _handles(structure: Structure, home: Home, key: Any) -> Any:
    """A nested value of a structure with handles for its leaves."""
    types = structure.types
    whole = len(structure.leaves) == 1 and structure.spec.is_leaf()
    return unflatten(structure, [Handle(t, home, key, None if whole else k) for k, t in enumerate(types)])


def structure_of_value(value: Any) -> Structure:
    """The structure of a value, on the worker that holds it."""
    return flatten(value)[1]
