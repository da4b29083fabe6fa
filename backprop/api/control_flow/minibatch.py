"""Minibatch parallelism: a loss over a batch becomes a fixed tree over the losses of its shards.

The shards are branches of one graph like any other, so that differentiation, partition and executors need to know
nothing of them. Their number depends on the batch alone, and the tree on the number of shards, so that the bits of
the gradient are the same for any number of workers. The body is traced once for each distinct shape of a shard.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import optree

from ... import ops
from ...errors import ArgumentError, NonScalarOutputError, ShapeError, Source
from ...graph.tracing.structures.structure import NAMESPACE, flatten
from ...graph.tracing.trace import parameters
from ...graph.tracing.var import Var
from ..elsewhere.opening import Shards, joined, opened
from ..verbs.call import Call, called
from ..verbs.evaluate import evaluate
from ..verbs.run import current, run_graph
from ..verbs.transformed import Transformed

R = TypeVar("R")
ROWS = 64  # of a shard, where the user does not say how many shards
MOST = 16  # shards, then

Arguments: TypeAlias = Mapping[int | str, Any]
"""The arguments of a call, by position or keyword."""


def minibatch(
    loss: Callable[..., R],
    batch_argnums: int | str | Sequence[int | str],
    shards: int | None = None,
    reduction: str = "mean",
) -> Callable[..., R]:
    """A function equal to a loss, its batch split into independent branches.

    Arguments:
        loss: returns a real scalar: the mean or the sum of something over the rows of its batch.
        batch_argnums: positions or names of the arguments that are split along their first axis: arrays, containers of
            arrays; dask arrays, a shard a chunk; lists of futures, a shard a future.
        shards: into how many parts, or as many as there are rows; None takes one for each 64 rows, at most 16.
        reduction: "mean" where the loss is a mean over rows, "sum" where it is a sum.
    Returns:
        a function of the same arguments, to be evaluated, differentiated or compiled. Up to rounding it equals `loss`.
    Errors:
        ShapeError: batch arguments of unequal length or with unequal chunks, an empty batch, one without an axis.
        ArgumentError: an unknown reduction, fewer than one shard, a batch argument that is not there, or a number of
            shards for a batch that comes in parts.
        NonScalarOutputError: the loss of a shard is no real scalar.
    Example:
        >>> loss = bp.minibatch(lambda w, x: np.mean((x @ w) ** 2), 1, shards=2)
        >>> bp.grad(loss, executor="threads:2")(np.ones(2), np.ones((4, 2)))
        array([4., 4.])
    """
    _check_options(shards, reduction)
    argnums = (batch_argnums,) if isinstance(batch_argnums, int | str) else tuple(batch_argnums)

    return Minibatch(loss, argnums, shards, reduction)


class Minibatch(Transformed):
    """(*args) -> the loss of a batch, as a tree over the losses of its shards."""

    __slots__ = ("argnums", "shards", "reduction")  # noqa: RUF023 - in the order of the options

    __backprop_takes_shards__ = True

    argnums: tuple[int | str, ...]
    shards: int | None
    reduction: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The loss."""
        args, kwargs = opened((args, kwargs), current())
        leaves, _ = flatten((args, kwargs))
        if not any(isinstance(leaf, Var) for leaf in leaves):
            return evaluate(self)(*args, **kwargs)
        call = _call(args, kwargs)
        keys = _batch_keys(self.function, call, self.argnums)
        parts = _parts(call, keys, _sizes({name: call[key] for key, name in keys.items()}, self.shards))
        values = _map(self.function, [part for _, part in parts])
        return _tree(values if self.reduction == "sum" else _weighted(values, [rows for rows, _ in parts]))


def _check_options(shards: int | None, reduction: str) -> None:
    if reduction not in ("mean", "sum"):
        raise ArgumentError(f"the reduction {reduction!r} is unknown", "reduction", 'use "mean" or "sum"')
    if shards is not None and not (isinstance(shards, int) and shards >= 1):
        raise ArgumentError(f"a batch cannot be split into {shards} shards", "shards", "use an integer, 1 or more")


def _call(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Arguments:
    items: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
    return {key: joined(arg) for key, arg in items}


def _batch_keys(loss: Callable[..., Any], call: Arguments, argnums: Sequence[int | str]) -> dict[int | str, str]:
    """Where the batch arguments stand in a call, and their names."""
    names = parameters(loss)
    count = sum(isinstance(key, int) for key in call)
    found = {}
    for argnum in argnums:
        place = argnum + count if isinstance(argnum, int) and argnum < 0 else argnum
        position = names.index(place) if place in names else place
        name = names[position] if isinstance(position, int) and 0 <= position < len(names) else place
        key = next((key for key in (position, name) if key in call), None)
        if key is None:
            what = f"there is no argument {argnum!r} to split: the call has the arguments {list(call)}"
            raise ArgumentError(what, "batch_argnums", "name a position or a keyword of the call")
        found[key] = name if isinstance(name, str) else f"args[{name}]"
    if not found:
        raise ArgumentError("there is no argument to split", "batch_argnums", "name a position or a keyword")
    return found


def _sizes(batch: Mapping[str, Any], shards: int | None) -> tuple[int, ...]:
    """The rows of each shard: those of the chunks where the batch comes in parts, equal to within one else."""
    lengths = {path: _lengths(leaf, path) for name, arg in batch.items() for path, leaf in _leaves(arg, name)}
    rows = {path: sum(sizes) for path, sizes in lengths.items()}
    if len(set(rows.values())) > 1:
        where = ", ".join(f"{path} ({count} rows)" for path, count in rows.items())
        raise ShapeError("the batch arguments have unequal lengths", where, "give all the same number of rows")
    if not any(rows.values()):
        raise ShapeError("the batch is empty", ", ".join(rows or batch), "give at least one row")
    (count,) = set(rows.values())
    return _chunk_sizes(batch, lengths, shards) or _even_sizes(count, shards)


def _chunk_sizes(batch: Mapping[str, Any], lengths: Mapping[str, tuple[int, ...]], shards: int | None) -> Any:
    leaves = {path: leaf for name, arg in batch.items() for path, leaf in _leaves(arg, name)}
    chunked = {path: lengths[path] for path, leaf in leaves.items() if isinstance(leaf, Shards)}
    if chunked and shards is not None:
        fix = "leave shards out, or rechunk the dask array"
        raise ArgumentError(f"{shards} shards of a batch that comes in parts", ", ".join(chunked), fix)
    if len(set(chunked.values())) > 1:
        where = ", ".join(f"{path} {sizes}" for path, sizes in chunked.items())
        raise ShapeError("the batch arguments come in unequal parts", where, "rechunk the dask arrays alike")
    return next(iter(chunked.values()), ())


def _even_sizes(rows: int, shards: int | None) -> tuple[int, ...]:
    count = min(rows, shards if shards is not None else max(1, min(MOST, rows // ROWS)))
    edges = [rows * k // count for k in range(count + 1)]
    return tuple(stop - start for start, stop in itertools.pairwise(edges))


def _leaves(arg: Any, name: str) -> list[tuple[str, Any]]:
    """The leaves of a batch argument, Shards among them, with their paths."""
    accessors, leaves, _ = optree.tree_flatten_with_accessor(arg, is_leaf=_is_shards, namespace=NAMESPACE)
    return [(accessor.codify(name), leaf) for accessor, leaf in zip(accessors, leaves, strict=True)]


def _is_shards(value: Any) -> bool:
    return isinstance(value, Shards)


def _lengths(leaf: Any, path: str) -> tuple[int, ...]:
    """The rows of each part of a leaf; an array has one part."""
    if isinstance(leaf, Shards):
        return tuple(_rows(part, f"{path}[{k}]") for k, part in enumerate(leaf.parts))
    shape = getattr(leaf, "shape", ())
    if not shape:
        raise ShapeError("a batch argument is no array with an axis", path, "give an array, a row for each sample")
    return (shape[0],)


def _rows(part: Any, path: str) -> int:
    (rows,) = {_lengths(leaf, where) for where, leaf in _leaves(part, path)} or {(0,)}
    return rows[0]


def _parts(call: Arguments, keys: Mapping[int | str, str], sizes: Sequence[int]) -> list[tuple[int, Arguments]]:
    """The rows and the arguments of each shard that has any rows."""
    edges = [0, *itertools.accumulate(sizes)]
    return [
        (stop - start, {key: _part(arg, k, start, stop) if key in keys else arg for key, arg in call.items()})
        for k, (start, stop) in enumerate(itertools.pairwise(edges))
        if stop > start
    ]


def _part(arg: Any, k: int, start: int, stop: int) -> Any:
    def cut(leaf: Any) -> Any:
        return leaf.parts[k] if isinstance(leaf, Shards) else leaf[start:stop]

    return optree.tree_map(cut, arg, is_leaf=_is_shards, namespace=NAMESPACE)


def _map(loss: Callable[..., Any], parts: Sequence[Arguments]) -> list[Any]:
    """The loss of each part; parts of one structure share one trace."""
    known: dict[Any, Call] = {}
    results = []
    for part in parts:
        args = tuple(arg for key, arg in part.items() if isinstance(key, int))
        kwargs = {key: arg for key, arg in part.items() if isinstance(key, str)}
        values, structure = flatten((args, kwargs))
        call = known.get(structure)
        if call is None:
            call = called(loss, args, kwargs)
            if not call.known:  # a shard whose values steer the loss has a path of its own
                known[structure] = call
        captured = call.traced.values[len(values) :]
        results.append(_scalar(call, run_graph(call.graph, [*values, *captured], call.executor)))
    return results


def _scalar(call: Call, results: Sequence[Any]) -> Any:
    value = call.value(results)
    if not isinstance(value, Var) or value.shape != ():
        what = f"a minibatch loss must return one real number, and this one returned {value!r}"
        raise NonScalarOutputError(what, Source.of(call.function), "take its mean or its sum")
    return value


def _weighted(values: list[Any], rows: list[int]) -> list[Any]:
    """The share of each shard in the mean over all rows."""
    return values if len(values) == 1 else [v * (n / sum(rows)) for v, n in zip(values, rows, strict=True)]


def _tree(values: list[Any]) -> Any:
    while len(values) > 1:
        pairs = [ops.add(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[len(pairs) * 2 :]
    return values[0]
