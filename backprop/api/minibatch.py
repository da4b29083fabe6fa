"""Minibatch parallelism: a loss over a batch becomes a fixed tree over the losses of its shards.

The shards are branches of one graph like any other, so that differentiation, partition and executors need to know
nothing of them. Their number depends on the batch alone, and the tree on the number of shards, so that the bits of
the gradient are the same for any number of workers. The body is traced once for each distinct shape of a shard.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import optree

from .. import ops
from ..errors import ArgumentError, NonScalarOutputError, ShapeError
from ..graph.builder import Var
from ..graph.structure import NAMESPACE, flatten, unflatten
from ..graph.trace import Trace, trace
from .gradients import evaluate
from .run import current, run_graph, runner

ROWS = 64  # of a shard, where the user does not say how many shards
MOST = 16  # shards, then


def minibatch(
    loss: Callable[..., Any],
    batch_argnums: int | Sequence[int],
    shards: int | None = None,
    reduction: str = "mean",
) -> Callable[..., Any]:
    """A function equal to a loss, its batch split into independent branches.

    Arguments:
        loss: returns a real scalar: the mean or the sum of something over the rows of its batch.
        batch_argnums: positions of the arguments that are split along their first axis; containers of arrays too.
        shards: into how many parts; None takes one for each 64 rows, at most 16.
        reduction: "mean" where the loss is a mean over rows, "sum" where it is a sum.
    Returns:
        a function of the same arguments, to be evaluated, differentiated or compiled. Up to rounding it equals `loss`.
    Errors:
        ShapeError: batch arguments of unequal length, or an empty batch.
        ArgumentError: an unknown reduction, fewer than one shard, or a batch argument that is not there.
    """
    if reduction not in ("mean", "sum"):
        raise ArgumentError(f"the reduction {reduction!r} is unknown", fix='use "mean" or "sum"')
    if shards is not None and shards < 1:
        raise ArgumentError(f"a batch cannot be split into {shards} shards", fix="use 1 or more")
    positions = (batch_argnums,) if isinstance(batch_argnums, int) else tuple(batch_argnums)

    @functools.wraps(loss)
    def sharded(*args: Any) -> Any:
        leaves, _ = flatten(args)
        if not any(isinstance(leaf, Var) for leaf in leaves):
            return evaluate(sharded)(*args)
        rows = _rows(args, positions)
        bounds = _bounds(rows, shards)
        parts = [_cut(args, positions, start, stop) for start, stop in bounds]
        values = _map(loss, parts)
        if reduction == "mean" and len(parts) > 1:
            values = [v * ((stop - start) / rows) for v, (start, stop) in zip(values, bounds, strict=True)]
        return _tree(values)

    return sharded


def _rows(args: Sequence[Any], positions: Sequence[int]) -> int:
    """The length of the batch."""
    lengths: dict[str, int] = {}
    for position in positions:
        if not -len(args) <= position < len(args):
            raise ArgumentError(f"there is no argument {position} to split: the call has {len(args)} arguments")
        leaves, structure = flatten(args[position])
        for leaf, path in zip(leaves, structure.paths(f"args[{position}]"), strict=False):
            if getattr(leaf, "ndim", 0) == 0:
                raise ShapeError("a batch argument is a scalar", path, "give it a first axis, a row for each sample")
            lengths[path] = leaf.shape[0]
    if len(set(lengths.values())) != 1:
        raise ShapeError(f"the batch arguments have unequal lengths {lengths}", fix="give all the same number of rows")
    (rows,) = set(lengths.values())
    if rows == 0:
        raise ShapeError("the batch is empty", ", ".join(lengths), "give at least one row")
    return rows


def _bounds(rows: int, shards: int | None) -> list[tuple[int, int]]:
    """The first and last row (exclusive) of each shard; lengths differ by one at most."""
    count = min(rows, shards if shards is not None else max(1, min(MOST, rows // ROWS)))
    edges = [rows * k // count for k in range(count + 1)]
    return list(itertools.pairwise(edges))


def _cut(args: Sequence[Any], positions: Sequence[int], start: int, stop: int) -> tuple[Any, ...]:
    split = {position % len(args) for position in positions}
    return tuple(
        optree.tree_map(lambda leaf: leaf[start:stop], arg, namespace=NAMESPACE) if k in split else arg
        for k, arg in enumerate(args)
    )


def _map(loss: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The loss of each part; parts of one structure share one trace."""
    executor = current()
    known: dict[Any, Trace] = {}
    results = []
    for part in parts:
        values, structure = flatten(part)
        traced = known.get(structure)
        if traced is None:
            traced = trace(loss, part, {}, runner(executor))
            if not traced.known:  # a shard whose values steer the loss has a path of its own
                known[structure] = traced
        captured = traced.values[len(values) :]
        results.append(_scalar(traced, run_graph(traced.graph, [*values, *captured], executor)))
    return results


def _scalar(traced: Trace, results: Sequence[Any]) -> Any:
    value = unflatten(traced.output, results)
    if not isinstance(value, Var) or value.shape != ():
        raise NonScalarOutputError("a minibatch loss must return one real number", fix="take its mean or its sum")
    return value


def _tree(values: list[Any]) -> Any:
    while len(values) > 1:
        pairs = [ops.add(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[len(pairs) * 2 :]
    return values[0]
