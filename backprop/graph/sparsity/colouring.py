"""Colourings: which columns, or rows, of a sparse matrix one sweep can compute together.

Columns that have an element in the same row get different colours; a sweep adds up the columns of one colour, and each
row of it shows one element. A symmetric matrix needs fewer: in a star colouring of its graph, each element stands alone
in its row or in that of its mirror image.

Source: A. Gebremedhin, F. Manne, A. Pothen, What color is your Jacobian?, SIAM Review 47(4), 2005.
Limits: greedy, in the order of the columns, or by falling degree where that takes fewer colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy

Array: TypeAlias = "np.ndarray[Any, Any]"


def colour_columns(pattern: Any) -> Array:
    """A colour for each column, so that no two columns of one colour have an element in the same row.

    Arguments:
        pattern: a sparse matrix.
    Returns:
        integers from 0.
    """
    columns: Any = scipy.sparse.csc_array(pattern)
    natural = range(columns.shape[1])
    by_degree = np.argsort(-np.diff(columns.indptr), kind="stable").tolist()
    return min([_greedy(columns, order) for order in (natural, by_degree)], key=count)


def count(colours: Array) -> int:
    """The number of colours."""
    return int(colours.max(initial=-1)) + 1


def _greedy(columns: Any, order: Iterable[int]) -> Array:
    """Each column in turn gets the lowest colour that none of its rows has; the colours of a row are bits of an int."""
    indices, ends = columns.indices.tolist(), columns.indptr.tolist()
    taken = [0] * columns.shape[0]
    colours = np.zeros(columns.shape[1], np.intp)
    for j in order:
        rows = indices[ends[j] : ends[j + 1]]
        used = 0
        for i in rows:
            used |= taken[i]
        bit = ~used & (used + 1)
        colours[j] = bit.bit_length() - 1
        for i in rows:
            taken[i] |= bit
    return colours


def colour_stars(pattern: Any) -> Array:
    """A star colouring of the graph of a symmetric matrix: neighbours differ, and no path of four has two colours.

    Arguments:
        pattern: a symmetric sparse matrix.
    Returns:
        a colour for each row, integers from 0.
    """
    neighbours = _neighbours(scipy.sparse.csr_array(pattern))
    n = len(neighbours)
    most = 32 + 2 * int(np.sqrt(n))
    hubs = [i for i in range(n) if len(neighbours[i]) > most]
    colours = [-1] * n
    for colour, i in enumerate(hubs):  # a colour of its own stands in no path of two colours
        colours[i] = colour
    for i in range(n):
        if colours[i] < 0:
            forbidden = _forbidden(i, neighbours, colours, len(hubs))
            colours[i] = next(c for c in range(len(hubs), n + 1) if c not in forbidden)
    return np.array(colours, np.intp)


def _neighbours(matrix: Any) -> list[list[int]]:
    """For each row the columns of its elements but for the diagonal."""
    ends = matrix.indptr.tolist()
    indices = matrix.indices.tolist()
    return [[j for j in indices[ends[i] : ends[i + 1]] if j != i] for i in range(matrix.shape[0])]


def _forbidden(v: int, neighbours: Sequence[Sequence[int]], colours: Sequence[int], hubs: int) -> set[int]:
    """The colours that would give v a neighbour of its colour, or close a path of four with two colours."""
    found: set[int] = set()
    ends: dict[int, int] = {}
    for w in neighbours[v]:
        mine = colours[w]
        if 0 <= mine < hubs:
            continue
        found.add(mine)
        behind = [x for x in neighbours[w] if x != v and colours[x] >= hubs]
        if mine < 0:
            found.update([colours[x] for x in behind])
            continue
        found.update([colours[x] for x in behind if any(y != w and colours[y] == mine for y in neighbours[x])])
        first = ends.setdefault(mine, w)
        if first != w:  # x - w - v - first
            found.update([colours[x] for u in (first, w) for x in neighbours[u] if x != v])
    return found


def alone(pattern: Any, colours: Array) -> Array:
    """For each element (i, j) of a matrix, whether no other element of row i is in a column of the colour of j.

    Arguments:
        pattern: a sparse matrix in CSR form.
        colours: a colour for each column.
    """
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    keys = rows * (count(colours) + 1) + colours[pattern.indices]
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1)
