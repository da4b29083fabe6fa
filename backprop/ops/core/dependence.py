"""Which inputs each element of a value depends on, as far as shapes and patterns tell: never less than it does.

Elements that depend on the same inputs share a label, and each label has its set: a row of a sparse boolean matrix with
a column for each element of the inputs. Label 0 is that of nothing. So a number that depends on everything, broadcast
to a large array, is one set and an array of one label.

An op says in its definition, `depends=`, what it does with labels; for elementwise ops, views, and those that work
along axes or on stacks of matrices, it follows from what else they say (graph/sparsity/flow.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy

from .types import Shape

Array: TypeAlias = "np.ndarray[Any, Any]"


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """What each element of a value depends on.

    Arguments:
        labels: an array of the value's shape.
        sets: for each label, a row of booleans, one for each element of the inputs.
    """

    labels: Array
    sets: Any

    @classmethod
    def of_input(cls, shape: Shape, start: int, count: int) -> Dependence:
        """The dependence of an input on itself.

        Arguments:
            shape: its shape.
            start: the number of its first element among all elements of inputs.
            count: how many these are.
        """
        size = int(np.prod(shape, dtype=np.intp))
        places = (np.arange(1, size + 1), np.arange(start, start + size))
        sets = scipy.sparse.csr_array((np.ones(size, bool), places), shape=(size + 1, count))
        return cls(np.arange(1, size + 1).reshape(shape), sets)

    def rows(self) -> Any:
        """For each element, in C order, its row of booleans."""
        return self.sets[self.labels.reshape(-1)]

    def everywhere(self, shape: Shape) -> Dependence:
        """The dependence of a value each of whose elements may depend on all elements of this one."""
        return grouped(np.zeros(self.labels.size, np.intp), self, 1).reshaped((1,) * len(shape)).spread(shape)

    def spread(self, shape: Shape) -> Dependence:
        """The same, broadcast to a shape."""
        return Dependence(np.broadcast_to(self.labels.reshape(self.labels.shape or ()), shape), self.sets)

    def over(self, axes: Sequence[int]) -> Dependence:
        """The dependence of what is made along axes, which stay with length 1."""
        shape = self.labels.shape
        kept = tuple([1 if axis in axes else n for axis, n in enumerate(shape)])
        count = int(np.prod(kept, dtype=np.intp))
        groups = np.broadcast_to(np.arange(count).reshape(kept), shape).reshape(-1)
        return grouped(groups, self, count).reshaped(kept)

    def reshaped(self, shape: Shape) -> Dependence:
        """The same elements in another shape."""
        return Dependence(self.labels.reshape(shape), self.sets)


def grouped(groups: Array, of: Dependence, count: int) -> Dependence:
    """The dependence of values each of which depends on a group of elements.

    Arguments:
        groups: for each element, in C order, the value that it takes part in.
        of: the elements.
        count: how many values there are.
    Returns:
        a vector of them.
    """
    labels = of.labels.reshape(-1)
    width = of.sets.shape[0]
    pairs = np.unique(groups.astype(np.int64) * width + labels)
    taking = scipy.sparse.csr_array((np.ones(pairs.size, bool), (pairs // width, pairs % width)), shape=(count, width))
    return numbered(taking @ of.sets)


def numbered(rows: Any) -> Dependence:
    """The dependence of a vector whose elements have these rows of booleans."""
    empty = scipy.sparse.csr_array((1, rows.shape[1]), dtype=bool)
    return Dependence(np.arange(1, rows.shape[0] + 1), scipy.sparse.vstack([empty, rows], format="csr"))


def together(parts: Sequence[Dependence], shape: Shape) -> Dependence:
    """The dependence of an array whose elements depend on an element of each part; these broadcast to its shape."""
    first, *rest = parts
    total = first.spread(shape)
    for part in rest:
        total = _both(total, part.spread(shape))
    return total


def _both(one: Dependence, other: Dependence) -> Dependence:
    if one.sets is other.sets and np.array_equal(one.labels, other.labels):
        return one
    count = other.sets.shape[0]
    pairs, labels = np.unique(one.labels * count + other.labels, return_inverse=True)
    sets = one.sets[pairs // count] + other.sets[pairs % count]
    made = numbered(sets)
    return Dependence(made.labels[labels].reshape(one.labels.shape), made.sets)


def chosen(parts: Sequence[Dependence], move: Callable[..., Any]) -> Dependence:
    """The dependence of an array each of whose elements is one of those of the parts, or a constant.

    Arguments:
        parts: what it is made of.
        move: (*labels) -> labels, the same for labels; constants are 0.
    """
    starts = np.cumsum([0, *[part.sets.shape[0] for part in parts]])
    labels = [np.where(p.labels, p.labels + start, 0) for p, start in zip(parts, starts, strict=False)]
    sets = parts[0].sets if len(parts) == 1 else scipy.sparse.vstack([part.sets for part in parts], format="csr")
    return Dependence(np.asarray(move(*labels)), sets)


class Reading(NamedTuple):
    """An application of an op, as a rule of dependence sees it.

    Arguments:
        op: the op.
        operands: for each operand its dependence; of one that depends on nothing, that of constants.
        values: for each operand its value, where it is known; else None.
        params: the op's parameters.
        shape: the shape of the result.
    """

    op: Any
    operands: Sequence[Dependence]
    values: Sequence[Any]
    params: Mapping[str, Any]
    shape: Shape


DependRule: TypeAlias = Callable[[Reading], Any]
"""From an application to the dependence of its result; None where nothing is known, so that all depends on all."""


def moves(data: int | None = None, **constants: Any) -> DependRule:
    """The rule of ops whose results are elements of operands, moved, and constants.

    Arguments:
        data: how many operands are moved; the others say where to. None for all of them.
        constants: what the parameters are that say with which value to fill up.
    """

    def rule(reading: Reading) -> Dependence | None:
        places = () if data is None else reading.values[data:]
        if any(value is None for value in places):
            return None
        params = {**reading.params, **constants}
        return chosen(reading.operands[:data], lambda *labels: reading.op.compute(*labels, *places, **params))

    return rule


def along(reading: Reading) -> Dependence:
    """The rule of ops along the axes that their params `axis` or `axes` name."""
    axes = reading.params.get("axes", (reading.params.get("axis"),))
    parts = [part.over(axes) for part in reading.operands]
    if "keepdims" in reading.params:
        parts = [part.reshaped(reading.shape) for part in parts]
    return together(parts, reading.shape)


def of_matrices(reading: Reading) -> Dependence:
    """The rule of ops on stacks of matrices, each result of which may depend on all of its matrices."""
    parts = []
    for part in reading.operands:
        whole, batch = part.over((part.labels.ndim - 2, part.labels.ndim - 1)), part.labels.shape[:-2]
        more = len(reading.shape) - len(batch) if len(reading.shape) >= len(batch) else 0
        parts.append(whole.reshaped((*batch, *(1,) * more)))
    return together(parts, reading.shape)
