"""Where values of Dask are: results of a client's futures, and parts of collections that are not computed yet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dask.base import get_scheduler
from dask.task_spec import TaskRef

from .....graph.handle import Handle
from .....graph.tracing.structures.structure import flatten
from ....lower import Elsewhere, Made


@dataclass(frozen=True, slots=True)
class ClientHome:
    """The workers of a client's cluster; the key of a handle is a Future."""

    client: Any

    def fetch(self, handles: Sequence[Handle]) -> list[Any]:
        """The results of the futures, or leaves of them, all at once."""
        wholes = self.client.gather([handle.key for handle in handles])
        return [_leaf(whole, handle.leaf) for whole, handle in zip(wholes, handles, strict=True)]

    def graph(self) -> Mapping[Any, Any]:
        """Nothing has to be computed."""
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class GraphHome:
    """A Dask graph that is still to run; the key of a handle is one of its keys.

    Arguments:
        tasks: the graph, after Dask's own optimisation for the keys that are wanted.
        collection: the class whose default scheduler computes it where there is no cluster.
    """

    tasks: Mapping[Any, Any]
    collection: type

    def fetch(self, handles: Sequence[Handle]) -> list[Any]:
        """The values of the keys, computed by Dask's scheduler, all at once."""
        schedule: Any = get_scheduler(cls=self.collection)  # type: ignore[no-untyped-call]
        keys: list[Hashable] = [handle.key for handle in handles]
        return [_leaf(whole, handle.leaf) for whole, handle in zip(schedule(self.tasks, keys), handles, strict=True)]

    def graph(self) -> Mapping[Any, Any]:
        """What has to be computed."""
        return self.tasks


def _leaf(whole: Any, leaf: int | None) -> Any:
    return whole if leaf is None else flatten(whole)[0][leaf]


def elsewhere(handle: Handle, rows: tuple[int, int] | None, parts: Mapping[Hashable, dict[Any, Any]]) -> Elsewhere:
    """What stands in a Dask graph for a handle, or for some rows of it.

    Arguments:
        handle: the handle.
        rows: the rows that are wanted; None for all.
        parts: the graphs of keys that are computed inside of the task that reads them.
    """
    if isinstance(handle.home, ClientHome):
        ref = handle.key
    else:
        ref = Made(parts[handle.key], handle.key) if handle.key in parts else TaskRef(handle.key)
    return Elsewhere(ref, handle.type, handle.leaf, rows)
