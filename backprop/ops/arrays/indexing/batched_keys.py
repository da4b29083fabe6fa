"""Batching rules of items: many keys, or many arrays, by one key.

An operand with the batch in front is read by a key that takes all of the first axis. Where index arrays have the batch
too, a further index array counts along it. NumPy puts the axes of index arrays that do not stand side by side in front
of all others; `_Places` says where the batch is then.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.batching import Batched, Params, aligned, batch_of
from ...core.types import Shape
from ..axes import moveaxis
from ..views import broadcast_to, reshape
from .keys import ARRAY, Key, Slice, selected


class _Places(NamedTuple):
    """A key of operands with a batch.

    Arguments:
        key: in normal form.
        arrays: its index arrays.
        source: axes of the selection, the batch among them.
        target: where they stand in the selection of one evaluation, behind the batch.
    """

    key: Key
    arrays: tuple[Any, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]


def read_batch(op: Any, batched: Batched, operands: Any, params: Params) -> Any:
    """The rule of reading items."""
    x, *arrays = operands
    n, key = batch_of(batched, operands), params["key"]
    rest = {name: value for name, value in params.items() if name != "key"}
    if not batched[0]:
        at, _ = _middle(key, aligned(batched[1:], arrays), 1)
        return moveaxis(op(x, *aligned(batched[1:], arrays), key=key, **rest), at, 0)
    places = _places(n, key, arrays, batched[1:])
    return moveaxis(op(x, *places.arrays, key=places.key, **rest), places.source, places.target)


def scatter_batch(op: Any, batched: Batched, operands: Any, params: Params) -> Any:
    """The rule of adding items to zeros."""
    x, *arrays = operands
    n, key, shape = batch_of(batched, operands), params["key"], params["shape"]
    places = _places(n, key, arrays, batched[1:])
    value = _moved(x, batched[0], n, _selected(shape, key, arrays, batched[1:]), places)
    return op(value, *places.arrays, **{**params, "shape": (n, *shape), "key": places.key})


def put_batch(op: Any, batched: Batched, operands: Any, params: Params) -> Any:
    """The rule of setting items."""
    x, value, *arrays = operands
    n, key = batch_of(batched, operands), params["key"]
    shape = x.shape[1:] if batched[0] else x.shape
    places = _places(n, key, arrays, batched[2:])
    moved = _moved(value, batched[1], n, _selected(shape, key, arrays, batched[2:]), places)
    return op(broadcast_to(x, (n, *shape)), moved, *places.arrays, **{**params, "key": places.key})


def _places(n: int, key: Key, arrays: list[Any], batched: Batched) -> _Places:
    whole = Slice(0, n, 1)
    if not any(batched):
        at, count = _middle(key, arrays, 0)
        in_front = bool(arrays) and at == 0 and not _side_by_side((whole, *key))
        return _Places((whole, *key), tuple(arrays), (count if in_front else 0,), (0,))
    spread = aligned(batched, arrays)
    at, count = _middle(key, spread, 1)
    rows = np.arange(n).reshape((n,) + (1,) * count)
    source = tuple(range(count + 1))
    return _Places((ARRAY, *key), (rows, *spread), source, (0, *range(at + 1, at + 1 + count)))


def _middle(key: Key, arrays: Any, batch: int) -> tuple[int, int]:
    """Before which axis of the selection those of the index arrays stand, and how many they are without the batch."""
    count = max([len(a.shape) for a in arrays], default=0) - batch
    places = [i for i, item in enumerate(key) if not isinstance(item, Slice)]
    return (places[0] if places and _side_by_side(key) else 0), count


def _side_by_side(key: Key) -> bool:
    places = [i for i, item in enumerate(key) if not isinstance(item, Slice)]
    return not places or places[-1] - places[0] == len(places) - 1


def _selected(shape: Shape, key: Key, arrays: list[Any], batched: Batched) -> Shape:
    """The shape of the selection of one evaluation."""
    types = [_Shaped(a.shape[is_batched:]) for a, is_batched in zip(arrays, batched, strict=True)]
    return selected(shape, key, tuple(types))  # type: ignore[arg-type]


class _Shaped(NamedTuple):
    """Something that has a shape."""

    shape: Shape


def _moved(value: Any, is_batched: bool, n: int, wanted: Shape, places: _Places) -> Any:
    """A value for the selection of each evaluation, its axes where those of the whole selection are."""
    if is_batched:
        value = reshape(value, (n, *(1,) * (len(wanted) + 1 - len(value.shape)), *value.shape[1:]))
    return moveaxis(broadcast_to(value, (n, *wanted)), places.target, places.source)
