"""Sparse Jacobians: columns that share no row are computed by one sweep, and so are rows that share no column.

The pattern is found by following which elements depend on which, or is given. Its colouring says which columns, or
rows, go together; the seed of a sweep is 1 at all of one colour. The graph takes the seeds, and for each element of
the pattern the place in the sweeps where it shows; so it depends on the numbers of colours and elements alone.

A Hessian is symmetric, so that an element may show in the place of its mirror image, and a star colouring is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import scipy

from ...errors import GraphTypeError, NotDifferentiableError, ShapeError, TracedConversionError
from ...graph.graph import Graph
from ...graph.passes import run_passes
from ...graph.sparsity.colouring import alone, colour_columns, colour_stars, count
from ...graph.sparsity.flow import pattern as found_pattern
from ...graph.sparsity.flow import places
from ...graph.subgraph import restricted
from ...graph.tracing.builder import Builder
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.var import Var
from ...graph.written import Written, by_lines
from ...ops.arrays.as_array import asarray
from ...ops.arrays.indexing.items import getitem
from ...ops.arrays.joins import concatenate
from ...ops.arrays.views import reshape
from ...ops.core.cache import cached
from ...ops.core.types import array_type
from ...ops.sparse.containers import put_together
from ...ops.sparse.patterns import Pattern
from ..verbs.call import Call
from ..verbs.run import handed_out, run_graph
from .dense import Types, pairs
from .sweeps import Ids, Mode, arguments, results, sweeps

Array = np.ndarray[Any, Any]


class Colouring(NamedTuple):
    """How the elements of a pattern are computed.

    Arguments:
        mode: which way the sweeps go.
        colours: the sweep of each column, or of each row.
        places: for each element of the pattern the sweep, and the place in it, where it shows.
    """

    mode: Mode
    colours: Array
    places: tuple[Array, Array]


# Patterns.


def wanted_pattern(call: Call, wrt: Ids, sparsity: Any) -> Pattern:
    """The pattern of the derivatives of all results by all arguments: the one that was given, or found for "auto".

    Arguments:
        call: the traced call.
        wrt: ids of the inputs to differentiate by.
        sparsity: a pattern of the user's, or "auto".
    Errors:
        ShapeError: it does not fit.
        GraphTypeError: a result or an argument is complex.
    """
    outs, ins = results(call.graph), arguments(call.graph, wrt)
    for t in (*outs, *ins):
        if t.dtype.kind == "c":
            raise GraphTypeError(f"sparsity is known of real numbers only, not of {t}", user_line(), "leave it out")
    if isinstance(sparsity, str):
        return _pattern_of(call, wrt)
    return given_pattern(sparsity, (sum([t.size for t in outs]), sum([t.size for t in ins])))


def _pattern_of(call: Call, wrt: Ids) -> Pattern:
    """The pattern of the derivatives of all results by all arguments, found by following which depend on which."""
    graph, wanted = call.graph, places(call.graph, wrt)
    known = {i: v for i, v in zip(wanted, _values(call, wanted), strict=True) if v is not None}
    return _found(graph, wrt, tuple(known), tuple([Content(value) for value in known.values()]))


class Content:
    """An array, compared by its content."""

    __slots__ = ("array", "key")

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)
        self.key = (self.array.dtype.str, self.array.shape, self.array.tobytes())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.key == other.key


def _values(call: Call, wanted: Sequence[int]) -> list[Any]:
    """The plain values of some ids; None where nobody knows them yet."""
    graph = call.graph
    rest = [i for i in wanted if i >= graph.first]
    part = restricted(graph, range(graph.first), rest)
    made = run_graph(part, call.traced.values, call.executor) if rest else []
    values = {**dict(enumerate(call.traced.values)), **dict(zip(rest, made, strict=True))}
    return [_plain(values[i]) for i in wanted]


def _plain(value: Any) -> Any:
    if not isinstance(value, Var):
        return value
    with suppress(TracedConversionError):
        return value.value
    return None


def _by_content(graph: Graph, *others: Any) -> tuple[Any, ...]:
    return (Written(graph), *others)


@cached(_by_content)
def _found(graph: Graph, wrt: Ids, ids: Ids, contents: tuple[Content, ...]) -> Pattern:
    values = {i: content.array for i, content in zip(ids, contents, strict=True)}
    return as_pattern(found_pattern(graph, wrt, values))


def as_pattern(matrix: Any) -> Pattern:
    """The pattern of a matrix that is not zero, its rows sorted."""
    rows: Any = scipy.sparse.csr_array(matrix, dtype=bool)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return Pattern.made(scipy.sparse.csr_array, rows.shape, (rows.indices, rows.indptr))


def given_pattern(matrix: Any, shape: tuple[int, int]) -> Pattern:
    """The pattern that the user gives.

    Errors:
        ShapeError: it is no matrix of that shape.
    """
    array = matrix if scipy.sparse.issparse(matrix) else np.asarray(matrix)
    if array.shape != shape:
        raise ShapeError(
            f"the pattern has the shape {array.shape}, and the matrix of derivatives {shape}",
            user_line(),
            "give a row for each element of the results, and a column for each element of the arguments",
        )
    return as_pattern(array)


# Colourings.


@cached()
def by_rows_or_columns(pattern: Pattern) -> tuple[Colouring, Colouring]:
    """The colouring of the columns, for forward mode, and that of the rows, for reverse mode."""
    matrix = _ones(pattern)
    rows, columns = matrix.nonzero()
    forward, reverse = colour_columns(matrix), colour_columns(matrix.T)
    return (
        Colouring(Mode.FORWARD, forward, (forward[columns], rows)),
        Colouring(Mode.REVERSE, reverse, (reverse[rows], columns)),
    )


@cached()
def by_stars(pattern: Pattern) -> tuple[Colouring, Colouring]:
    """The colouring of a symmetric matrix, for either mode; both halves are read off the same places."""
    matrix = _ones(pattern)
    rows, columns = (places.astype(np.int64) for places in matrix.nonzero())
    colours = colour_stars(matrix)
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    n = len(colours)
    upper = np.searchsorted(rows * n + columns, low * n + high)  # the elements stand row by row
    shows = alone(matrix, colours)[upper]
    found = (np.where(shows, colours[high], colours[low]), np.where(shows, low, high))
    return Colouring(Mode.FORWARD, colours, found), Colouring(Mode.REVERSE, colours, found)


def symmetric(pattern: Pattern) -> Pattern:
    """The pattern with the mirror image of each of its elements."""
    matrix = _ones(pattern)
    return as_pattern(matrix + matrix.T)


def _ones(pattern: Pattern) -> Any:
    return pattern.matrix(np.ones(pattern.nnz, bool))


# The matrix.


def sparse_blocks(call: Call, wrt: Ids, pattern: Pattern, colourings: Sequence[Colouring]) -> list[Any]:
    """For each result, its derivatives by each argument: SciPy's sparse arrays, or traced ones in a trace.

    Arguments:
        call: the call.
        wrt: ids of the inputs to differentiate by.
        pattern: of the whole matrix.
        colourings: those to choose from, the first that has a derivative.
    """
    outs, ins = results(call.graph), arguments(call.graph, wrt)
    parts = list(_parts(pattern, outs, ins))
    if not pattern.nnz:
        return [put_together(part, (np.zeros(0, by.dtype),)) for part, _, by in parts]
    colouring, graph = _first(call, wrt, pattern, colourings)
    values = [*call.traced.inputs, *_seeds(colouring, outs, ins), *_places(colouring, pattern, outs, ins)]
    data = handed_out(graph.output_types, run_graph(graph, values, call.executor), values)
    return [put_together(part, (values,)) for (part, _, _), values in zip(parts, data, strict=True)]


def _first(call: Call, wrt: Ids, pattern: Pattern, colourings: Sequence[Colouring]) -> tuple[Colouring, Graph]:
    *others, last = colourings
    outs, ins = results(call.graph), arguments(call.graph, wrt)
    counts = tuple([part.nnz for part, _, _ in _parts(pattern, outs, ins)])

    def graph_of(colouring: Colouring) -> Graph:
        return sparse_graph(call.graph, wrt, call.known, colouring.mode, count(colouring.colours), counts)

    for colouring in others:
        with suppress(NotDifferentiableError):
            return colouring, graph_of(colouring)
    return last, graph_of(last)


def _parts(pattern: Pattern, outs: Types, ins: Types) -> Iterator[tuple[Pattern, Any, Any]]:
    """The pattern of each block, with the types of its result and its argument."""
    matrix = _ones(pattern)
    for out, (top, bottom) in zip(outs, pairs([t.size for t in outs]), strict=True):
        for by, (left, right) in zip(ins, pairs([t.size for t in ins]), strict=True):
            yield as_pattern(matrix[top:bottom, left:right]), out, by


def _seeds(colouring: Colouring, outs: Types, ins: Types) -> Iterator[Array]:
    types = ins if colouring.mode is Mode.FORWARD else outs
    for t, (start, stop) in zip(types, pairs([t.size for t in types]), strict=True):
        seed = np.zeros((count(colouring.colours), t.size), t.dtype)
        seed[colouring.colours[start:stop], np.arange(t.size)] = 1
        yield seed.reshape((len(seed), *t.shape))


def _places(colouring: Colouring, pattern: Pattern, outs: Types, ins: Types) -> Iterator[Array]:
    """For each block, where its elements show among the results of all sweeps."""
    rows, columns = _ones(pattern).nonzero()
    sweep, place = colouring.places
    shown = outs if colouring.mode is Mode.FORWARD else ins
    total = sum([t.size for t in shown])
    for top, bottom in pairs([t.size for t in outs]):
        for left, right in pairs([t.size for t in ins]):
            inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
            yield sweep[inside] * total + place[inside]


@cached(by_lines)
def sparse_graph(graph: Graph, wrt: Ids, known: Ids, mode: Mode, colours: int, counts: tuple[int, ...]) -> Graph:
    """(inputs, known values, seeds, places) -> for each block the elements of its pattern.

    Arguments:
        graph: of the function.
        wrt: ids of the inputs to differentiate by.
        known: ids of nodes whose values are given.
        mode: which way the sweeps go.
        colours: how many sweeps there are.
        counts: how many elements each block has.
    """
    swept = sweeps(graph, wrt, known, mode, colours)
    builder = Builder()
    found = builder.inline(swept, [builder.input(type) for type in swept.inputs])
    chosen = [builder.input(array_type((n,), np.dtype(np.intp))) for n in counts]
    lines = [reshape(value, (colours, -1)) for value in found]
    whole = reshape(lines[0] if len(lines) == 1 else concatenate(lines, 1), -1)
    dtypes = [by.dtype for _ in results(graph) for by in arguments(graph, wrt)]
    blocks = [asarray(getitem(whole, place), dtype) for place, dtype in zip(chosen, dtypes, strict=True)]
    return run_passes(builder.build([var.id for var in blocks])[0])
