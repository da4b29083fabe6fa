"""Values that Dask has still to compute, as handles: chunks of dask arrays, and lazy results, whose types are known.

A handle of a part of a Dask graph carries the graph, so that who reads it can make it a part of its own. What was
computed already, by `persist` on a cluster, is a handle of a future. Such chunks are read off the array, as Dask's
optimisation would put names of tasks in the place of futures, and takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dask.array
import numpy as np
from dask.base import compute, optimize
from dask.delayed import Delayed, delayed
from dask.highlevelgraph import MaterializedLayer
from distributed import Future

from ....graph.handle import Handle
from ....ops.core.types import ValueType, array_type, value_type
from ..cluster.data.homes import ClientHome, GraphHome
from .fetching import blocks
from .kinds import Chunks

Shapes = Sequence[tuple[int, ...]]


class LazyResult(Delayed):
    """A delayed object whose type is known before it is computed.

    Arguments:
        key: the key of the result.
        tasks: the Dask graph that computes it.
        layer: the name of its layer.
        type: the type of the value.
    """

    __slots__ = ("_type",)

    def __init__(self, key: Any, tasks: Any, layer: str, type: ValueType[Any]) -> None:
        super().__init__(key, tasks, layer=layer)  # type: ignore[no-untyped-call]
        object.__setattr__(self, "_type", type)

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _persisted, (self.key, self._type)

    def __reduce__(self) -> tuple[Any, ...]:
        return LazyResult, (self.key, self.dask, self._layer, self._type)

    @property
    def handle(self) -> Handle:
        """The value, as who reads it needs it."""
        tasks = dict(self.__dask_graph__())
        return _handle(self._type, tasks, self.key, GraphHome(tasks, Delayed))


def _persisted(tasks: Mapping[Any, Any], key: Any, type: ValueType[Any], rename: Any = None) -> LazyResult:
    name = rename.get(key, key) if rename else key
    return LazyResult(name, tasks, name, type)


def chunks_of(arrays: Sequence[Any], shapes: Callable[[Sequence[Any]], Shapes]) -> list[Chunks]:
    """The chunks of dask arrays along their first axis, as handles.

    Arguments:
        arrays: the arrays.
        shapes: the shapes of blocks of which Dask does not know it.
    """
    held = [_held(array) for array in arrays]
    made = iter(_made([array for array, chunks in zip(arrays, held, strict=True) if chunks is None], shapes))
    return [next(made) if chunks is None else chunks for chunks in held]


def _held(array: Any) -> Chunks | None:
    """The chunks of an array that was persisted on a cluster, each the result of a future; None for any other array."""
    layer = array.dask.layers.get(array.name)
    if not isinstance(layer, MaterializedLayer) or not isinstance(array._meta, np.ndarray):
        return None
    if not array.ndim or any(count != 1 for count in array.numblocks[1:]) or np.isnan(array.shape).any():
        return None
    rows, rest = array.chunks[0], array.shape[1:]
    futures: list[Any] = [layer.get((array.name, k, *(0,) * len(rest))) for k in range(len(rows))]
    if not all(isinstance(future, Future) for future in futures):
        return None
    types = [array_type((int(n), *rest), array.dtype) for n in rows]
    return Chunks(tuple([Handle(t, ClientHome(f.client), f) for t, f in zip(types, futures, strict=True)]))


def _made(arrays: Sequence[Any], shapes: Callable[[Sequence[Any]], Shapes]) -> list[Chunks]:
    """The chunks of arrays that Dask has still to compute; the arguments are those of `chunks_of`."""
    if not arrays:
        return []
    parts = [blocks(array) for array in arrays]
    flat = [block for each in parts for block in each]
    optimized = optimize(*flat)  # type: ignore[no-untyped-call]
    tasks = _tasks([block.__dask_graph__() for block in optimized])
    home = GraphHome(tasks, dask.array.Array)
    unknown = [block for block in flat if any(np.isnan(n) for n in block.shape)]
    asked = iter(shapes(unknown) if unknown else ())
    known = [next(asked) if any(np.isnan(n) for n in block.shape) else block.shape for block in flat]
    keys = [(block.name, *(0,) * block.ndim) for block in optimized]
    handles = iter([_handle(_type(b, s), tasks, k, home) for b, s, k in zip(flat, known, keys, strict=True)])
    return [Chunks(tuple([next(handles) for _ in each])) for each in parts]


def _tasks(graphs: Sequence[Any]) -> dict[Any, Any]:
    """The tasks of Dask graphs, which mostly share their layers: each of these is read once."""
    layers = {id(layer): layer for graph in graphs for layer in getattr(graph, "layers", {"": graph}).values()}
    return {key: task for layer in layers.values() for key, task in layer.items()}


def _handle(type: ValueType[Any], tasks: Mapping[Any, Any], key: Any, home: GraphHome) -> Handle:
    there = tasks.get(key)
    return Handle(type, ClientHome(there.client), there) if isinstance(there, Future) else Handle(type, home, key)


def _type(block: Any, shape: tuple[int, ...]) -> ValueType[Any]:
    return array_type(shape, block.dtype) if isinstance(block._meta, np.ndarray) else value_type(shape, block.dtype)


def computed_shapes(unknown: Sequence[Any]) -> Shapes:
    """The shapes of blocks, by computing them."""
    return list(compute(*[delayed(np.shape)(block) for block in unknown]))  # type: ignore[no-untyped-call]
