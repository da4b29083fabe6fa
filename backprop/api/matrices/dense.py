"""Dense Jacobians: the graph that makes them of a sweep for each row, or for each column, and its seeds.

A row is what the pullback of 1 at one element of the results gives. A complex result of a real argument needs a second
sweep for each row, with the seed -1j, as the first shows the derivative of the real part alone. A column comes of a
tangent 1 at one element of the arguments; one of a complex argument needs a second sweep, with the tangent 1j.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from ...graph.graph import Graph
from ...graph.passes import run_passes
from ...graph.tracing.builder import Builder
from ...graph.tracing.var import Var
from ...graph.written import by_lines
from ...ops.arrays.axes import moveaxis
from ...ops.arrays.views import reshape
from ...ops.core.cache import cached
from ...ops.core.types import NumericType
from ...ops.elementwise.complex_parts import real
from .sweeps import Ids, Mode, arguments, results, sweeps

Types = Sequence[NumericType[Any]]


class Units(NamedTuple):
    """Which sweep has its seed where.

    Arguments:
        first: for each seeded value, the sweep of its first element; the others follow.
        turned: the same of the second sweeps; None where it needs none.
        total: the number of sweeps.
    """

    first: tuple[int, ...]
    turned: tuple[int | None, ...]
    total: int


def units(outs: Types, ins: Types, mode: Mode) -> Units:
    """The sweeps of a Jacobian.

    Arguments:
        outs: the types of the results.
        ins: the types of the arguments.
        mode: whether there is one for each row or for each column.
    """
    seeded = outs if mode is Mode.REVERSE else ins
    hidden = mode is Mode.FORWARD or any([t.dtype.kind == "f" for t in ins])
    ends = list(accumulate([t.size for t in seeded], initial=0))
    again = [t.dtype.kind == "c" and hidden for t in seeded]
    more = list(accumulate([t.size * twice for t, twice in zip(seeded, again, strict=True)], initial=ends[-1]))
    turned = [start if twice else None for start, twice in zip(more, again, strict=False)]
    return Units(tuple(ends[:-1]), tuple(turned), more[-1])


def seeds(outs: Types, ins: Types, mode: Mode) -> Iterator[Any]:
    """The seeds of all sweeps: for each seeded value an array with the sweeps along its first axis.

    Arguments:
        outs: the types of the results.
        ins: those of the arguments.
        mode: whether results are seeded, or arguments.
    """
    found = units(outs, ins, mode)
    unit = -1j if mode is Mode.REVERSE else 1j
    for k, t in enumerate(outs if mode is Mode.REVERSE else ins):
        seed = np.zeros((found.total, t.size), t.dtype)
        place, turned = np.arange(t.size), found.turned[k]
        seed[found.first[k] + place, place] = 1
        if turned is not None:
            seed[turned + place, place] = unit
        yield seed.reshape((found.total, *t.shape))


@cached(by_lines)
def dense_graph(graph: Graph, wrt: Ids, known: Ids, mode: Mode) -> Graph:
    """(inputs, known values, seeds) -> for each result its derivatives by each argument.

    Arguments:
        graph: of the function.
        wrt: ids of the inputs to differentiate by.
        known: ids of nodes whose values are given.
        mode: which way the sweeps go.
    """
    outs, ins = results(graph), arguments(graph, wrt)
    found = units(outs, ins, mode)
    swept = sweeps(graph, wrt, known, mode, found.total)
    builder = Builder()
    values = builder.inline(swept, [builder.input(type) for type in swept.inputs])
    make = _of_rows if mode is Mode.REVERSE else _of_columns
    blocks = [make(values, found, k, j, out, by) for k, out in enumerate(outs) for j, by in enumerate(ins)]
    return run_passes(builder.build([var.id for var in blocks])[0])


def _of_rows(
    values: Sequence[Var[Any]], found: Units, k: int, j: int, out: NumericType[Any], by: NumericType[Any]
) -> Var[Any]:
    """The derivative of result k by argument j, of the cotangents of arguments."""
    block = _part(values[j], found.first[k], out.size)
    turned = found.turned[k]
    if turned is not None and by.dtype.kind == "f":
        block = block + _part(values[j], turned, out.size) * 1j
    return block[0] if not out.shape else reshape(block, (*out.shape, *by.shape))  # type: ignore[no-any-return]


def _of_columns(
    values: Sequence[Var[Any]], found: Units, k: int, j: int, out: NumericType[Any], by: NumericType[Any]
) -> Var[Any]:
    """The same of the tangents of results."""
    block = _part(values[k], found.first[j], by.size)
    turned = found.turned[j]
    if turned is not None:
        other = _part(values[k], turned, by.size)
        block, other = (real(v) if out.dtype.kind == "c" else v for v in (block, other))
        block = block - other * 1j
    last = moveaxis(block, 0, -1)
    return last[0] if not (out.shape or by.shape) else reshape(last, (*out.shape, *by.shape))  # type: ignore[no-any-return]


def _part(value: Any, start: int, count: int) -> Any:
    return value[start : start + count]


def dtype_of(out: NumericType[Any], by: NumericType[Any]) -> Any:
    """The dtype of the derivative of a result by an argument."""
    return np.result_type(by.dtype, np.complex64) if out.dtype.kind == "c" else by.dtype


def pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Where each of several parts begins and ends."""
    return list(pairwise(accumulate(sizes, initial=0)))
