"""Shards: batches that come in parts, as dask arrays and futures do.

A dask array is to a traced function a container of its chunks along the first axis, and a future one of its result, so
that the verbs treat them like any other container: `opened` and optree's registry say what they are taken apart into.

Limits: the parts are computed, or fetched, when the function is called, and pass through the process that calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import dask.array
import numpy as np
import optree
from dask.base import compute
from distributed import Future

from ...graph.tracing.builder import Var
from ...graph.tracing.structure import NAMESPACE, flatten


@dataclass(frozen=True, slots=True)
class Shards:
    """A batch in parts."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Remote:
    """What a future holds: a part of a batch where it stands in a list of futures."""

    value: Any


def opened(tree: Any) -> Any:
    """A nested value with Shards in the place of its dask arrays, and Remotes in the place of its futures."""
    return optree.tree_map(_open, tree, is_leaf=_is_closed, namespace=NAMESPACE)


def joined(tree: Any) -> Any:
    """A nested value with Shards in the place of its lists of Remotes, and values in the place of other Remotes."""
    return optree.tree_map(_join, tree, is_leaf=_is_open, namespace=NAMESPACE)


def _is_closed(value: Any) -> bool:
    return type(value) is not Var and isinstance(value, dask.array.Array | Future)  # isinstance would ask a Var


def _open(value: Any) -> Any:
    if not _is_closed(value):
        return value
    return Remote(value.result()) if isinstance(value, Future) else Shards(_chunks(value))


def _chunks(array: Any) -> tuple[Any, ...]:
    """The values of an array's chunks along its first axis."""
    if array.ndim == 0:
        return tuple(compute(array))  # type: ignore[no-untyped-call]
    rows = array.rechunk(dict.fromkeys(range(1, array.ndim), -1))
    blocks = [rows.blocks[k] for k in range(rows.numblocks[0])]
    return tuple(compute(*blocks))  # type: ignore[no-untyped-call]


def _is_open(value: Any) -> bool:
    return type(value) is not Var and (isinstance(value, Remote | Shards) or _is_parts(value))


def _is_parts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(part, Remote) for part in value)


def _join(value: Any) -> Any:
    if not _is_open(value) or isinstance(value, Shards):
        return value
    return value.value if isinstance(value, Remote) else Shards(tuple(part.value for part in value))


def _rechunked(_: Any, parts: Iterable[Any]) -> Any:
    """A dask array where the parts are plain arrays, as a gradient's are; Shards where they are traced."""
    chunks = tuple(parts)
    plain = all(isinstance(part, np.ndarray) and part.ndim for part in chunks)
    return dask.array.concatenate(chunks) if plain else Shards(chunks)  # type: ignore[no-untyped-call]


def _held(_: Any, values: Iterable[Any]) -> Any:
    """What a traced function gets for a future; a gradient by one is plain."""
    (value,) = values
    return Remote(value) if any(isinstance(leaf, Var) for leaf in flatten(value)[0]) else value


def _register(cls: Any, take_apart: Callable[[Any], tuple[tuple[Any, ...], None]], put_together: Any) -> None:
    optree.register_pytree_node(cls, take_apart, put_together, namespace=NAMESPACE)


_register(dask.array.Array, lambda array: (_chunks(array), None), _rechunked)
_register(Future, lambda future: ((future.result(),), None), _held)
