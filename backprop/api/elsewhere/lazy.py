"""lazy: the same computation as Dask collections, a leaf of the result each.

An array becomes a dask array of one chunk, anything else a delayed object whose type is known. They can be handed to
another lazy function, or to any verb on a cluster, without being computed on the way: `persist` computes them where
they stay. Dask's annotations, priorities, reports and pictures see the tasks.

Limits: a question about a value, as `if` asks it, is answered while the graph is made, and so runs what it needs. A
delayed object that is not of this package has no type before it is computed, and so is computed too. The class of a
result whose type is a user's own, and ops that are `local=True`, cannot wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

import dask.array
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from distributed import Future

from ...errors import ArgumentError
from ...graph.graph import Graph
from ...graph.tracing.structures.structure import unflatten
from ...ops.core.types import ArrayType, ValueType
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.executors.by_dask.collections import collected
from ...scheduler.executors.by_dask.fetching import fetch_all
from ...scheduler.executors.by_dask.placing import LazyResult, chunks_of, computed_shapes
from ...scheduler.executors.cluster.data.locating import Locating
from ...scheduler.lower import new_token
from ...scheduler.planning.stages import stages
from ..executors import Where
from ..preparing.courses import plan_of
from ..verbs.call import called
from ..verbs.evaluate import Function, as_function
from ..verbs.run import current
from ..verbs.transformed import Transformed
from .opening import opened_call

P = ParamSpec("P")


def lazy(f: Function, executor: Where | None = None) -> Callable[..., Any]:
    """A function that returns Dask collections in the place of the leaves of its result.

    Arguments:
        f: any function, also one made by grad and its kin, or a Graph.
        executor: for whose workers the graph is cut, and whose BLAS threads hold; None for the one of
            `with use(...)`. Nothing runs on it but questions about values.
    Returns:
        a function of the same arguments. An array of its result becomes a dask array of one chunk, another leaf a
        delayed object. Arguments may be futures, dask arrays, delayed objects and results of lazy functions.
    Errors:
        ArgumentError: when called, where an op of the function has to run in this process.
    Example:
        >>> slope = bp.lazy(bp.grad(lambda x: np.sum(x * x)))(np.ones(2))
        >>> type(slope).__module__, slope.compute()
        ('dask.array.core', array([2., 2.]))
    """
    return Lazy(as_function(f), executor)


class Lazy(Transformed):
    """(*args) -> the result as Dask collections."""

    __slots__ = ("executor",)

    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The collections."""
        executor = current(self.executor)
        opened = opened_call(self.function, args, kwargs, _Placing(executor))
        call = called(opened.function, opened.args, opened.kwargs, executor)
        leaves = _leaves(call.plain, call.traced.inputs, call.graph.output_types, executor)
        return unflatten(call.traced.output, leaves)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Says where values of Dask are, and leaves them there, whatever the executor."""

    executor: AbstractExecutor

    def located(self, values: Sequence[Any]) -> list[Any]:
        if type(self.executor).located is not AbstractExecutor.located:
            return self.executor.located(values)
        arrays = [value for value in values if isinstance(value, dask.array.Array)]
        futures = [value for value in values if isinstance(value, Future)]
        unknown = [v for v in values if isinstance(v, Delayed) and not isinstance(v, LazyResult)]
        found = {
            **{id(v): v.handle for v in values if isinstance(v, LazyResult)},
            **dict(zip(map(id, arrays), chunks_of(arrays, computed_shapes), strict=True)),
            **dict(zip(map(id, unknown), fetch_all(unknown), strict=True)),
            **dict(zip(map(id, futures), Locating(futures[0].client).locate(futures) if futures else (), strict=True)),
        }
        return [found[id(value)] for value in values]


def _leaves(
    graph: Graph, values: Sequence[Any], types: Sequence[ValueType[Any]], executor: AbstractExecutor
) -> list[Any]:
    plan = plan_of(executor, graph)
    if stages(plan):
        what = "an op that is local=True runs in the process that asks, and so cannot wait"
        raise ArgumentError(what, "lazy", "leave it out of the lazy function")
    token = new_token()
    keys = [_key(f"bp-value-{token}{k}", t) for k, t in enumerate(types)]
    tasks, results = collected(plan, values, types, keys, executor.blas_threads)
    return [_collection(f"bp-{token}", tasks, *leaf) for leaf in zip(keys, results, types, strict=True)]


def _key(name: str, t: ValueType[Any]) -> Any:
    return (name, *(0,) * len(t.shape)) if isinstance(t, ArrayType) else (name, 0)


def _collection(base: str, tasks: Mapping[Any, Any], key: Any, result: Any, t: ValueType[Any]) -> Any:
    """A result as a Dask collection: a layer of its own above that of all tasks."""
    name = key[0]
    graph = HighLevelGraph({base: tasks, name: {key: result}}, {base: set(), name: {base}})
    if isinstance(t, ArrayType) and t.shape:
        chunks = tuple((n,) for n in t.shape)
        return dask.array.Array(graph, name, chunks, dtype=t.dtype)  # type: ignore[no-untyped-call]
    return LazyResult(key, graph, name, t)
