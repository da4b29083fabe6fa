"""Cases of the ops that move elements about: `shape`, `arrange` and `tuples`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from backprop.ops import arrange, elementwise, queries, shape, tuples
from tests.ops.case import Case, arrays, domain, integers, mixed, normal


class OfList(NamedTuple):
    """A function of a list of arrays, as a function of the arrays."""

    f: Callable[..., Any]

    @property
    def __name__(self) -> str:
        return self.f.__name__

    def __call__(self, *xs: Any, **params: Any) -> Any:
        return self.f(list(xs), **params)


def case(f: Callable[..., Any], *shapes: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(*shapes), params, complex_ok=True)


def join(f: Callable[..., Any], *shapes: tuple[int, ...], **params: Any) -> Case:
    return case(OfList(f), *shapes, **params)


def matrix(a: Any, b: Any) -> Any:
    return shape.array([[a[0], 1.5 * a[1]], [b, a[0] * b]])


def item_of_pair(a: Any, b: Any, index: int) -> Any:
    return tuples.item(tuples.make_tuple(a, b), index=index)


def taken_of_pair(a: Any, b: Any, index: int) -> Any:
    return tuples.taken(tuples.make_tuple(a, b), index=index)


VIEWS = (
    case(shape.reshape, (2, 3), shape=(3, 2)),
    case(shape.reshape, (2, 3), shape=(-1, 1, 2)),
    case(shape.reshape, (2, 3), shape=(3, 2), order="F"),
    case(shape.reshape, (0, 3), shape=(3, 0)),
    case(shape.reshape, (1, 1), shape=()),
    case(shape.ravel, (2, 3)),
    case(shape.ravel, (2, 3), order="F"),
    case(shape.ravel, ()),
    case(shape.transpose, (2, 3, 4)),
    case(shape.transpose, (2, 3, 4), axes=(1, -1, 0)),
    case(shape.matrix_transpose, (2, 3, 4)),
    case(shape.permute_dims, (2, 3, 4), axes=(2, 0, 1)),
    case(shape.swapaxes, (2, 3, 4), axis1=0, axis2=-1),
    case(shape.moveaxis, (2, 3, 4), source=(0, 1), destination=(-1, 0)),
    case(shape.rollaxis, (2, 3, 4), axis=2),
    case(shape.rollaxis, (2, 3, 4), axis=0, start=3),
    case(shape.expand_dims, (2, 3), axis=(0, -1)),
    case(shape.squeeze, (1, 3, 1)),
    case(shape.squeeze, (1, 3, 1), axis=0),
    case(shape.broadcast_to, (3, 1), shape=(2, 3, 4)),
    case(shape.broadcast_to, (), shape=(2, 3)),
    case(shape.atleast_1d, ()),
    case(shape.atleast_2d, (3,)),
    case(shape.atleast_3d, (3,), (2, 3), ()),
    case(shape.sum_to, (4, 2, 3), shape=(3,)),
    case(shape.sum_to, (4, 2, 3), shape=(2, 1)),
    case(shape.sum_to, (4, 2, 3), shape=(4, 1, 3)),
    case(shape.sum_to, (4, 2, 3), shape=()),
    case(shape.sum_to, (0, 3), shape=(1, 3)),
    case(shape.broadcast_arrays, (2, 1), (3,), ()),
)

JOINS = (
    join(shape.concatenate, (2, 3), (4, 3)),
    join(shape.concatenate, (2, 3), (2, 1), (2, 2), axis=-1),
    join(shape.concatenate, (2, 3), (4,), axis=None),
    case(shape.concatenate, (2, 3, 4), axis=1),
    join(shape.concat, (2,), (3,)),
    join(shape.stack, (2, 3), (2, 3), axis=-1),
    join(shape.stack, (), ()),
    join(shape.stack, (2,), (2,), axis=1),
    join(arrange.vstack, (2, 3), (3,)),
    join(arrange.hstack, (2, 3), (2, 1)),
    join(arrange.hstack, (2,), ()),
    join(arrange.dstack, (2, 3), (2, 3)),
    join(arrange.column_stack, (2,), (2, 3)),
    case(arrange.append, (2, 3), (2,)),
    case(arrange.append, (2, 3), (1, 3), axis=0),
    join(arrange.block, (2,), (3,)),
    Case(lambda a, b: arrange.block([[a, b], [b, a]]), arrays((2, 3), (2, 3)), name="block-2"),
    Case(matrix, arrays((2,), ()), name="array"),
    Case(lambda a: shape.asarray([[a[0], 2.0], [a[1], a[0]]]), arrays((2,)), name="asarray", single=False),
    Case(OfList(shape.stack), mixed((normal, (2,)), (integers, (2,))), name="stack-int", single=False),
    Case(partial(item_of_pair, index=0), arrays((2,), (3,)), name="item-0"),
    Case(partial(item_of_pair, index=1), arrays((2,), ()), name="item-1"),
    Case(partial(taken_of_pair, index=0), arrays((2,), ()), name="taken-0"),
)

CUTS = (
    case(arrange.split, (2, 6), indices_or_sections=3, axis=1),
    case(arrange.split, (7,), indices_or_sections=[2, 3]),
    case(arrange.array_split, (7,), indices_or_sections=3),
    case(arrange.hsplit, (2, 4), indices_or_sections=2),
    case(arrange.vsplit, (4, 2), indices_or_sections=2),
    case(arrange.dsplit, (2, 1, 4), indices_or_sections=2),
    case(arrange.unstack, (2, 3), axis=1),
)

TURNS = (
    case(arrange.flip, (2, 3)),
    case(arrange.flip, (2, 3), axis=-1),
    case(arrange.fliplr, (2, 3)),
    case(arrange.flipud, (2, 3)),
    case(arrange.roll, (2, 3), shift=2),
    case(arrange.roll, (2, 3), shift=-1, axis=1),
    case(arrange.roll, (2, 3), shift=(1, 2), axis=(0, 1)),
    *(case(arrange.rot90, (2, 3), k=k) for k in range(-1, 3)),
    case(arrange.rot90, (2, 3, 4), axes=(2, 0)),
    case(arrange.repeat, (2, 3), repeats=2),
    case(arrange.repeat, (2, 3), repeats=3, axis=-1),
    case(arrange.repeat, (2, 3), repeats=[1, 0, 2], axis=1),
    case(arrange.tile, (2, 3), reps=(2, 1, 2)),
    case(arrange.tile, (2, 3), reps=2),
)

FRAMES = (
    case(arrange.pad, (2, 3), pad_width=1),
    case(arrange.pad, (2, 3), pad_width=((1, 0), (2, 3)), constant_values=2.5),
    case(arrange.pad, (2, 3), pad_width=((1, 0), (2, 3)), constant_values=((1, 2), (3, 4))),
    case(arrange.pad, (2, 3), pad_width=(1, 2), mode="edge"),
    case(arrange.pad, (2, 3), pad_width=(1, 1), mode="reflect"),
    case(arrange.pad, (2, 3), pad_width=(2, 1), mode="symmetric"),
    case(arrange.pad, (2, 3), pad_width=(1, 1), mode="wrap"),
    Case(lambda a, c: arrange.pad(a, 1, constant_values=c), arrays((2, 3), ()), name="pad-traced"),
    *(case(arrange.diagonal, (3, 4), offset=k) for k in (-1, 0, 2, 4)),
    case(arrange.diagonal, (2, 3, 4), axis1=2, axis2=0),
    *(case(arrange.diag, (3,), k=k) for k in (-1, 0, 2)),
    case(arrange.diag, (3, 2), k=-1),
    case(arrange.diagflat, (2, 2), k=1),
    case(arrange.trace, (3, 4)),
    case(arrange.trace, (2, 3, 4), offset=1, axis1=1, axis2=2),
    case(arrange.tril, (2, 3, 4), k=1),
    case(arrange.triu, (3, 4), k=-1),
    case(arrange.triu, (3,)),
)

SUMS = (
    case(queries.copy, (2, 3)),
    Case(lambda x: elementwise.astype(x, "float64") * x, arrays((2, 3)), name="astype", single=False),
    Case(lambda x: elementwise.astype(x, "complex128") * (2 + 1j), arrays((2, 3)), name="astype-complex", single=False),
    case(arrange.meshgrid, (2,), (3,)),
    case(arrange.meshgrid, (2,), (3,), (), indexing="ij", sparse=True),
    case(arrange.kron, (2, 3), (3, 2)),
    case(arrange.kron, (2,), (3, 2)),
    case(arrange.cross, (2, 3), (3,)),
    case(arrange.cross, (3, 2), (3, 2), axis=0),
    case(arrange.diff, (2, 4), n=2),
    case(arrange.diff, (4, 2), axis=0),
    Case(lambda a, p, q: arrange.diff(a, prepend=p, append=q), arrays((2, 3), (), (2, 1)), name="diff-ends"),
    case(arrange.trapezoid, (2, 4), dx=0.5),
    case(arrange.trapezoid, (2, 4), (4,)),
    case(arrange.trapezoid, (4, 2), (4, 2), axis=0),
    Case(lambda c: shape.full((2, 3), c), arrays(()), name="full"),
    Case(shape.full_like, arrays((2, 3), ()), wrt=(1,)),
    Case(lambda x: x * shape.zeros_like(x) + x * shape.ones_like(x), domain(normal, (2, 3)), name="zeros_like"),
)

CASES = (*VIEWS, *JOINS, *CUTS, *TURNS, *FRAMES, *SUMS)
