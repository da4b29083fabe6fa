"""Cases of indexing: `index` and `gather`."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from backprop.ops.arrays.indexing import gathering, items, parts
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.composites import sets
from backprop.ops.elementwise.comparison import greater
from tests.ops.case import Case, Rng, arrays, mixed, normal

ROWS = np.array([2, 0, -1, 0])
MASK = np.array([True, False, True])
GRID = np.random.default_rng(0).normal(size=(3, 4)) > 0
KEYS: dict[str, Any] = {
    "int": 1,
    "negative": -2,
    "slice": slice(1, None),
    "backwards": slice(None, None, -1),
    "steps": slice(2, 0, -2),
    "empty": slice(2, 2),
    "ints": (0, 1, 2),
    "ellipsis": (..., 1),
    "new": (None, slice(None), None, 1),
    "all": ...,
    "rows": ROWS,
    "list": [0, 2],
    "columns": (slice(None), ROWS),
    "apart": (ROWS, slice(1, 3), ROWS),
    "int-apart": (0, slice(None), ROWS),
    "beside": (slice(None, None, 2), ROWS[:, None], ROWS),
    "new-apart": (ROWS, None, ROWS),
    "mask": MASK,
    "mask-2": GRID,
    "mask-and-int": (MASK, 0),
    "mask-and-rows": (MASK, np.array([1, 1])),
    "none-chosen": np.zeros(0, int),
    "zero-axes": (np.array(1), np.array(0), np.array(2)),
}
X = (3, 4, 5)


def value(name: str) -> tuple[int, ...]:
    return np.empty(X)[KEYS[name]].shape


def by_traced(x: Any, rows: Any) -> Any:
    return items.getitem(x, (slice(None), rows))


def set_twice(x: Any, v: Any, rows: Any) -> Any:
    return items.at_set(x, rows, v)


def places(*shape: int) -> Any:
    return lambda rng, _: rng.integers(-3, 3, shape)


def far_from_zero(rng: Rng) -> tuple[Any, ...]:
    x = rng.normal(size=(3, 4))
    return (x + np.sign(x),)  # so that differences change no element of a mask


def rows_and_values(rng: Rng) -> tuple[Any, ...]:
    return rng.normal(size=X), rng.normal(size=(4, 4, 5)), ROWS


KEYED = tuple(
    made
    for name, key in KEYS.items()
    for made in (
        Case(partial(items.getitem, key=key), arrays(X), name=f"getitem-{name}", complex_ok=name in ("int", "rows")),
        Case(lambda x, v, key=key: items.at_set(x, key, v), arrays(X, value(name)), name=f"set-{name}"),
        Case(lambda x, v, key=key: items.at_add(x, key, v), arrays(X, value(name)), name=f"add-{name}"),
    )
)

TRACED = (
    Case(by_traced, mixed((normal, X), (places(2, 3), ())), name="getitem-traced"),
    Case(set_twice, rows_and_values, name="set-traced"),
    Case(lambda x, v: items.at_set(x, slice(1, 3), v), arrays(X, ()), name="set-number"),
    Case(
        partial(parts.put_parts, keys=((Slice(0, 1, 1), 2), (1, Slice(3, None, -1)))),
        arrays((3, 4), (1,), (4,)),
        name="put_parts",
    ),
    Case(
        partial(parts.add_parts, keys=((Slice(0, 1, 1), 2), (1, Slice(3, None, -1)))),
        arrays((3, 4), (1,), (4,)),
        name="add_parts",
    ),
    Case(lambda x: items.getitem(x, np.arange(900) % 70 - 30), arrays((70, 8)), name="getitem-large"),
)


def pick(f: Any, *shapes: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(*shapes), params)


GATHERED = (
    pick(gathering.take, (3, 4), indices=[[1, 11], [-1, 1]]),
    pick(gathering.take, (3, 4), indices=[1, 1, 0], axis=1),
    pick(gathering.take, (3, 4), indices=2, axis=-1),
    pick(gathering.take, (3, 4), indices=[5, -7], axis=0, mode="wrap"),
    pick(gathering.take, (3, 4), indices=[5, -7], axis=0, mode="clip"),
    pick(gathering.take_along_axis, (3, 4), indices=np.array([[0], [3], [1]]), axis=1),
    pick(gathering.take_along_axis, (3, 4), indices=np.array([0, 0, 7]), axis=None),
    pick(gathering.delete, (3, 4), obj=[1, 3], axis=1),
    pick(gathering.delete, (3, 4), obj=slice(2, 9)),
    Case(lambda a, v: gathering.insert(a, 1, v, 1), arrays((3, 4), (3,)), name="insert-int"),
    Case(lambda a, v: gathering.insert(a, [3, 0], v, 1), arrays((3, 4), (3, 2)), name="insert-ints"),
    Case(lambda a, v: gathering.insert(a, 2, v), arrays((3, 4), (2,)), name="insert-flat"),
    Case(partial(gathering.compress, [True, False, True]), arrays((3, 4)), {"axis": 0}, name="compress"),
    Case(partial(gathering.extract, GRID), arrays((3, 4)), name="extract"),
    pick(gathering.resize, (2, 3), new_shape=(4, 2)),
    Case(
        lambda a, b: gathering.select([greater(a, 0.5), greater(b, 0)], [a, b * a], b),
        arrays((3,), (3,)),
        name="select",
    ),
    Case(lambda a, b: gathering.choose([0, 2, 1], [a, b, a * b]), arrays((3,), (2, 3)), name="choose"),
)

SETS = (
    Case(sets.unique, arrays((3, 4))),
    Case(partial(sets.unique, axis=1), arrays((3, 4)), name="unique-axis"),
    Case(sets.union1d, arrays((3,), (2, 2))),
    Case(sets.intersect1d, lambda rng: (np.arange(4.0) + 0.5, np.arange(3.0) + 0.5), wrt=(), order=0),
    Case(sets.setdiff1d, arrays((5,), (2,)), wrt=(0,)),
    Case(sets.setxor1d, arrays((4,), (3,))),
    Case(lambda x: items.getitem(x, greater(x, 0)), far_from_zero, name="getitem-traced-mask"),
)

CASES = (*KEYED, *TRACED, *GATHERED, *SETS)
