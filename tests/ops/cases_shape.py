"""Cases of the ops that move elements about: `shape`, `arrange` and `tuples`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from backprop.ops.arrays import (
    arrangement,
    as_array,
    axes,
    creation,
    diagonals,
    joins,
    tuples,
    views,
)
from backprop.ops.composites import differences, pads
from backprop.ops.elementwise import conversion
from backprop.ops.linear_algebra import products
from backprop.ops.reductions import queries
from tests.ops.case import Case, arrays, domain, integers, mixed, normal


class OfList(NamedTuple):
    """A function of a list of arrays, as a function of the arrays."""

    f: Callable[..., Any]

    @property
    def __name__(self) -> str:
        return self.f.__name__

    def __repr__(self) -> str:
        """A part of the names of tests, which are the same in each process."""
        return f"{getattr(self.f, '__name__', 'f')}_of_list"

    def __call__(self, *xs: Any, **params: Any) -> Any:
        return self.f(list(xs), **params)


def case(f: Callable[..., Any], *shapes: tuple[int, ...], **params: Any) -> Case:
    return Case(f, arrays(*shapes), params, complex_ok=True)


def join(f: Callable[..., Any], *shapes: tuple[int, ...], **params: Any) -> Case:
    return case(OfList(f), *shapes, **params)


def matrix(a: Any, b: Any) -> Any:
    return creation.array([[a[0], 1.5 * a[1]], [b, a[0] * b]])


def item_of_pair(a: Any, b: Any, index: int) -> Any:
    return tuples.item(tuples.make_tuple(a, b), index=index)


def taken_of_pair(a: Any, b: Any, index: int) -> Any:
    return tuples.taken(tuples.make_tuple(a, b), index=index)


VIEWS = (
    case(views.reshape, (2, 3), shape=(3, 2)),
    case(views.reshape, (2, 3), shape=(-1, 1, 2)),
    case(views.reshape, (2, 3), shape=(3, 2), order="F"),
    case(views.reshape, (0, 3), shape=(3, 0)),
    case(views.reshape, (1, 1), shape=()),
    case(views.ravel, (2, 3)),
    case(views.ravel, (2, 3), order="F"),
    case(views.ravel, ()),
    case(views.transpose, (2, 3, 4)),
    case(views.transpose, (2, 3, 4), axes=(1, -1, 0)),
    case(axes.matrix_transpose, (2, 3, 4)),
    case(views.permute_dims, (2, 3, 4), axes=(2, 0, 1)),
    case(axes.swapaxes, (2, 3, 4), axis1=0, axis2=-1),
    case(axes.moveaxis, (2, 3, 4), source=(0, 1), destination=(-1, 0)),
    case(axes.rollaxis, (2, 3, 4), axis=2),
    case(axes.rollaxis, (2, 3, 4), axis=0, start=3),
    case(axes.expand_dims, (2, 3), axis=(0, -1)),
    case(axes.squeeze, (1, 3, 1)),
    case(axes.squeeze, (1, 3, 1), axis=0),
    case(views.broadcast_to, (3, 1), shape=(2, 3, 4)),
    case(views.broadcast_to, (), shape=(2, 3)),
    case(axes.atleast_1d, ()),
    case(axes.atleast_2d, (3,)),
    case(axes.atleast_3d, (3,), (2, 3), ()),
    case(views.sum_to, (4, 2, 3), shape=(3,)),
    case(views.sum_to, (4, 2, 3), shape=(2, 1)),
    case(views.sum_to, (4, 2, 3), shape=(4, 1, 3)),
    case(views.sum_to, (4, 2, 3), shape=()),
    case(views.sum_to, (0, 3), shape=(1, 3)),
    case(views.broadcast_arrays, (2, 1), (3,), ()),
)

JOINS = (
    join(joins.concatenate, (2, 3), (4, 3)),
    join(joins.concatenate, (2, 3), (2, 1), (2, 2), axis=-1),
    join(joins.concatenate, (2, 3), (4,), axis=None),
    case(joins.concatenate, (2, 3, 4), axis=1),
    join(joins.concat, (2,), (3,)),
    join(as_array.stack, (2, 3), (2, 3), axis=-1),
    join(as_array.stack, (), ()),
    join(as_array.stack, (2,), (2,), axis=1),
    join(joins.vstack, (2, 3), (3,)),
    join(joins.hstack, (2, 3), (2, 1)),
    join(joins.hstack, (2,), ()),
    join(joins.dstack, (2, 3), (2, 3)),
    join(joins.column_stack, (2,), (2, 3)),
    case(joins.append, (2, 3), (2,)),
    case(joins.append, (2, 3), (1, 3), axis=0),
    join(joins.block, (2,), (3,)),
    Case(lambda a, b: joins.block([[a, b], [b, a]]), arrays((2, 3), (2, 3)), name="block-2"),
    Case(matrix, arrays((2,), ()), name="array"),
    Case(lambda a: as_array.asarray([[a[0], 2.0], [a[1], a[0]]]), arrays((2,)), name="asarray", single=False),
    Case(OfList(as_array.stack), mixed((normal, (2,)), (integers, (2,))), name="stack-int", single=False),
    Case(partial(item_of_pair, index=0), arrays((2,), (3,)), name="item-0"),
    Case(partial(item_of_pair, index=1), arrays((2,), ()), name="item-1"),
    Case(partial(taken_of_pair, index=0), arrays((2,), ()), name="taken-0"),
)

CUTS = (
    case(joins.split, (2, 6), indices_or_sections=3, axis=1),
    case(joins.split, (7,), indices_or_sections=[2, 3]),
    case(joins.array_split, (7,), indices_or_sections=3),
    case(joins.hsplit, (2, 4), indices_or_sections=2),
    case(joins.vsplit, (4, 2), indices_or_sections=2),
    case(joins.dsplit, (2, 1, 4), indices_or_sections=2),
    case(joins.unstack, (2, 3), axis=1),
)

TURNS = (
    case(arrangement.flip, (2, 3)),
    case(arrangement.flip, (2, 3), axis=-1),
    case(arrangement.fliplr, (2, 3)),
    case(arrangement.flipud, (2, 3)),
    case(arrangement.roll, (2, 3), shift=2),
    case(arrangement.roll, (2, 3), shift=-1, axis=1),
    case(arrangement.roll, (2, 3), shift=(1, 2), axis=(0, 1)),
    *(case(arrangement.rot90, (2, 3), k=k) for k in range(-1, 3)),
    case(arrangement.rot90, (2, 3, 4), axes=(2, 0)),
    case(arrangement.repeat, (2, 3), repeats=2),
    case(arrangement.repeat, (2, 3), repeats=3, axis=-1),
    case(arrangement.repeat, (2, 3), repeats=[1, 0, 2], axis=1),
    case(arrangement.tile, (2, 3), reps=(2, 1, 2)),
    case(arrangement.tile, (2, 3), reps=2),
)

FRAMES = (
    case(pads.pad, (2, 3), pad_width=1),
    case(pads.pad, (2, 3), pad_width=((1, 0), (2, 3)), constant_values=2.5),
    case(pads.pad, (2, 3), pad_width=((1, 0), (2, 3)), constant_values=((1, 2), (3, 4))),
    case(pads.pad, (2, 3), pad_width=(1, 2), mode="edge"),
    case(pads.pad, (2, 3), pad_width=(1, 1), mode="reflect"),
    case(pads.pad, (2, 3), pad_width=(2, 1), mode="symmetric"),
    case(pads.pad, (2, 3), pad_width=(1, 1), mode="wrap"),
    case(pads.pad, (2, 3), pad_width=(4, 5), mode="reflect", reflect_type="odd"),
    case(pads.pad, (2, 3), pad_width=(4, 5), mode="symmetric", reflect_type="odd"),
    case(pads.pad, (2, 3), pad_width=2, mode="mean", stat_length=2),
    Case(pads.pad, arrays((2, 3)), {"pad_width": 2, "mode": "median"}, name="pad-median"),
    Case(pads.pad, arrays((2, 3)), {"pad_width": 2, "mode": "maximum"}, name="pad-maximum"),
    Case(
        pads.pad,
        arrays((2, 3)),
        {"pad_width": 2, "mode": "minimum", "stat_length": (1, 2)},
        name="pad-minimum",
    ),
    Case(lambda a, c: pads.pad(a, 2, "linear_ramp", end_values=c), arrays((2, 3), ()), name="pad-ramps"),
    Case(lambda a, c: pads.pad(a, 1, constant_values=c), arrays((2, 3), ()), name="pad-traced"),
    *(case(diagonals.diagonal, (3, 4), offset=k) for k in (-1, 0, 2, 4)),
    case(diagonals.diagonal, (2, 3, 4), axis1=2, axis2=0),
    *(case(diagonals.diag, (3,), k=k) for k in (-1, 0, 2)),
    case(diagonals.diag, (3, 2), k=-1),
    case(diagonals.diagflat, (2, 2), k=1),
    case(diagonals.trace, (3, 4)),
    case(diagonals.trace, (2, 3, 4), offset=1, axis1=1, axis2=2),
    case(diagonals.tril, (2, 3, 4), k=1),
    case(diagonals.triu, (3, 4), k=-1),
    case(diagonals.triu, (3,)),
)

SUMS = (
    case(queries.copy, (2, 3)),
    Case(lambda x: conversion.astype(x, "float64") * x, arrays((2, 3)), name="astype", single=False),
    Case(lambda x: conversion.astype(x, "complex128") * (2 + 1j), arrays((2, 3)), name="astype-complex", single=False),
    case(arrangement.meshgrid, (2,), (3,)),
    case(arrangement.meshgrid, (2,), (3,), (), indexing="ij", sparse=True),
    case(products.kron, (2, 3), (3, 2)),
    case(products.kron, (2,), (3, 2)),
    case(products.cross, (2, 3), (3,)),
    case(products.cross, (3, 2), (3, 2), axis=0),
    case(differences.diff, (2, 4), n=2),
    case(differences.diff, (4, 2), axis=0),
    Case(lambda a, p, q: differences.diff(a, prepend=p, append=q), arrays((2, 3), (), (2, 1)), name="diff-ends"),
    case(differences.trapezoid, (2, 4), dx=0.5),
    case(differences.trapezoid, (2, 4), (4,)),
    case(differences.trapezoid, (4, 2), (4, 2), axis=0),
    Case(lambda c: creation.full((2, 3), c), arrays(()), name="full"),
    Case(creation.full_like, arrays((2, 3), ()), wrt=(1,)),
    Case(lambda x: x * creation.zeros_like(x) + x * creation.ones_like(x), domain(normal, (2, 3)), name="zeros_like"),
)

CASES = (*VIEWS, *JOINS, *CUTS, *TURNS, *FRAMES, *SUMS)
