"""Arguments of Dask, opened: in the place of a future stands what it holds, in that of a dask array its chunks.

What stands for a value that stays where it is, is a handle, so that nothing is fetched that is not asked for. A
function gets a dask array as one array, put together of its chunks; `minibatch` gets the chunks, a shard each, and
likewise the parts of a list of futures.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import optree

from ... import ops
from ...graph.handle import Handle
from ...graph.tracing.structures.structure import NAMESPACE, flatten, taken_apart
from ...graph.tracing.var import Var
from ...scheduler.executors import by_dask
from ...scheduler.executors.by_dask.kinds import Chunks, classes_of_dask

PLAIN = frozenset({np.ndarray, np.float64, np.float32, float, complex, int, bool, str})
"""Classes of leaves that are neither values of Dask nor traced: most arguments have no others."""

TAKES_SHARDS = "__backprop_takes_shards__"
"""The attribute of a function that gets Shards and Remotes as they are, as what `minibatch` makes does."""


@dataclass(frozen=True, slots=True)
class Shards:
    """A batch in parts."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Remote:
    """What a future holds: a part of a batch where it stands in a list of futures."""

    value: Any


class Locates(Protocol):
    """What says where values of Dask are: an executor, or what keeps results where they are."""

    def located(self, values: Sequence[Any]) -> list[Any]:
        """What stands for futures, delayed objects and dask arrays."""
        ...


class Opened(NamedTuple):
    """A call whose arguments are values, handles and containers of them.

    Arguments:
        function: takes them.
        args, kwargs: the arguments.
        leaves, spec: of (args, kwargs), from `taken_apart`.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    leaves: list[Any]
    spec: optree.PyTreeSpec


def opened_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], executor: Locates
) -> Opened:
    """A call, its arguments opened.

    Arguments:
        function: what is called.
        args, kwargs: its arguments, values of Dask among them.
        executor: where they are needed.
    """
    whole: Any = tuple(args), dict(kwargs)
    leaves, spec = taken_apart(whole)
    kinds = set(map(type, leaves))  # isinstance would ask a Var
    if kinds <= PLAIN:
        return Opened(function, whole[0], whole[1], leaves, spec)
    classes, has_parts = classes_of_dask(), False
    if any([issubclass(kind, classes) for kind in kinds]):
        whole, has_parts = opened(whole, executor), True
        leaves, spec = taken_apart(whole)
    elif any([issubclass(kind, Var | Handle) for kind in kinds]):  # in a trace, where parts may have come from outside
        has_parts = any(map(_is_part, optree.tree_leaves(whole, is_leaf=_is_part, namespace=NAMESPACE)))
    if has_parts and not takes_shards(function):
        function = _of_wholes(function)
    return Opened(function, whole[0], whole[1], leaves, spec)


def opened(tree: Any, executor: Locates) -> Any:
    """A nested value with Shards in the place of its dask arrays, and Remotes in that of futures and delayed objects.

    Arguments:
        tree: any nesting of containers.
        executor: where the values are needed.
    """
    leaves, spec = taken_apart(tree)
    classes = classes_of_dask()
    places = [k for k, leaf in enumerate(leaves) if issubclass(type(leaf), classes)]  # isinstance would ask a Var
    if not places:
        return tree
    for k, value in zip(places, executor.located([leaves[k] for k in places]), strict=True):
        leaves[k] = Shards(value.parts) if isinstance(value, Chunks) else Remote(value)
    return optree.tree_unflatten(spec, leaves)


def takes_shards(function: Any) -> bool:
    """Whether a function, or one that it wraps, gets Shards and Remotes as they are."""
    while function is not None:
        if getattr(function, TAKES_SHARDS, False):
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def joined(tree: Any) -> Any:
    """A nested value with Shards in the place of its lists of Remotes, and values in the place of other Remotes."""
    return optree.tree_map(_join, tree, is_leaf=_is_open, namespace=NAMESPACE)


def _is_open(value: Any) -> bool:
    return type(value) is not Var and (isinstance(value, Remote | Shards) or _is_parts(value))


def _is_parts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(part, Remote) for part in value)


def _join(value: Any) -> Any:
    if not _is_open(value) or isinstance(value, Shards):
        return value
    return value.value if isinstance(value, Remote) else Shards(tuple(part.value for part in value))


def _of_wholes(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, given what a Remote holds in its place, and Shards put together."""

    @functools.wraps(function)
    def of_wholes(*args: Any, **kwargs: Any) -> Any:
        wholes: Any = optree.tree_map(_whole, (args, kwargs), is_leaf=_is_part, namespace=NAMESPACE)  # type: ignore[arg-type]
        return function(*wholes[0], **wholes[1])

    return of_wholes


def _is_part(value: Any) -> bool:
    return type(value) is not Var and isinstance(value, Remote | Shards)


def _whole(value: Any) -> Any:
    if not _is_part(value):
        return value
    if isinstance(value, Remote):
        return value.value
    return value.parts[0] if len(value.parts) == 1 else ops.concatenate(value.parts)


def _rechunked(_: Any, parts: Iterable[Any]) -> Any:
    """A dask array where the parts are plain arrays, as a gradient's are; Shards where they are traced or elsewhere."""
    chunks = tuple(parts)
    plain = all(isinstance(part, np.ndarray) and part.ndim for part in chunks)
    return by_dask.fetching.concatenated(chunks) if plain else Shards(chunks)


def _held(_: Any, values: Iterable[Any]) -> Any:
    """What a traced function gets for a future; a gradient by one is plain."""
    (value,) = values
    return Remote(value) if any(isinstance(leaf, Var | Handle) for leaf in flatten(value)[0]) else value


def _register(cls: Any, take_apart: Callable[[Any], tuple[tuple[Any, ...], None]], put_together: Any) -> None:
    optree.register_pytree_node(cls, take_apart, put_together, namespace=NAMESPACE)


_register(Shards, lambda shards: (shards.parts, None), _rechunked)
_register(Remote, lambda remote: ((remote.value,), None), _held)
