"""Values of Dask as arguments: futures, delayed objects, dask arrays. Here they are fetched, all at once.

An executor that can use them where they are does so instead (cluster/data/locating.py). A dask array is known by its
chunks along the first axis; other axes are put together by Dask, where the chunks are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array
import numpy as np
from dask.base import compute
from dask.delayed import Delayed
from dask.highlevelgraph import MaterializedLayer
from distributed import Future

from ....errors import GraphTypeError
from .kinds import Chunks


def fetch_all(values: Sequence[Any]) -> list[Any]:
    """What stands for values of Dask: results of futures and delayed objects, and the Chunks of dask arrays.

    Arguments:
        values: futures, delayed objects and dask arrays.
    """
    futures = [value for value in values if isinstance(value, Future)]
    arrays = [blocks(value) for value in values if isinstance(value, dask.array.Array)]
    delayed = [value for value in values if isinstance(value, Delayed)]
    wanted = [*delayed, *[block for each in arrays for block in each]]
    done = iter(compute(*wanted, scheduler=_client_of(values)))  # type: ignore[no-untyped-call]
    results: dict[int, Any] = {id(value): next(done) for value in delayed}
    chunked = iter([Chunks(tuple([next(done) for _ in each])) for each in arrays])
    results.update(zip(map(id, futures), _gathered(futures), strict=True))
    return [next(chunked) if isinstance(value, dask.array.Array) else results[id(value)] for value in values]


def _client_of(values: Sequence[Any]) -> Any:
    """The client of what was persisted, who need not be Dask's default; None where nothing was."""
    graphs = [value.dask for value in values if not isinstance(value, Future)]
    layers = [layer for graph in graphs for layer in getattr(graph, "layers", {"": graph}).values()]
    tasks = (task for layer in layers if isinstance(layer, MaterializedLayer | dict) for task in layer.values())
    return next((task.client for task in tasks if isinstance(task, Future)), None)


def _gathered(futures: Sequence[Any]) -> list[Any]:
    clients = dict.fromkeys(future.client for future in futures)
    found: dict[int, Any] = {}
    for client in clients:
        own = [future for future in futures if future.client is client]
        found.update(zip(map(id, own), client.gather(own), strict=True))
    return [found[id(future)] for future in futures]


def blocks(array: Any) -> list[Any]:
    """The chunks of a dask array along its first axis, as dask arrays of one chunk each.

    Errors:
        GraphTypeError: its chunks are no arrays of NumPy.
    """
    meta = getattr(array, "_meta", None)
    if not isinstance(meta, np.ndarray | np.generic):
        what = f"the chunks of the dask array are of class {type(meta).__name__}"
        raise GraphTypeError(what, fix="map them to numpy arrays first, as with array.map_blocks(numpy.asarray)")
    if array.ndim == 0:
        return [array]
    rows = array.rechunk(dict.fromkeys(range(1, array.ndim), -1)) if array.ndim > 1 else array
    return [rows.blocks[k] for k in range(rows.numblocks[0])]


def concatenated(chunks: Sequence[Any]) -> Any:
    """The dask array of some arrays as its chunks along the first axis."""
    return dask.array.concatenate(chunks)  # type: ignore[no-untyped-call]
