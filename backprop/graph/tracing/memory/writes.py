"""What has been written to an array, part by part, since its value was last made as a whole.

A loop that fills an array writes to one part after the other. The parts are kept by their keys, and become one node
when the whole array is asked for: so a loop is linear in what it writes. What is read meanwhile is taken from what was
written, or from the older array, where keys tell which. Parts share no element.

Nothing here makes a node but `flushed` and `read`, through the builder that they get.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Key, Slice
from ....ops.arrays.indexing.overlaps import covers, disjoint, relative, seen_in, span
from ....ops.arrays.indexing.parts import add_parts, put_parts
from ....ops.core.op import Op
from ....ops.core.types import NumericType
from ....ops.elementwise.arithmetic import add
from ...graph import Node, NodeId
from ...params import Params
from ..steering import Owner

FEW = 8
"""Parts of different patterns that are compared with each other."""

Pattern = tuple[Slice | None, ...]


def pattern_of(key: Key) -> Pattern:
    """A key with None in the places of integers: two keys of one pattern are equal or select nothing in common."""
    return tuple([item if isinstance(item, Slice) else None for item in key])


class Writes:
    """The parts written to one array.

    Arguments:
        base: the id of the array before them.
        type: its type.
    """

    __slots__ = ("_by_row", "_has_rows", "_pattern", "base", "parts", "type", "whole")

    def __init__(self, base: NodeId, type: NumericType[Any]) -> None:
        self.type = type
        self.restart(base)

    def restart(self, base: NodeId) -> None:
        """Forget all parts: the array is that of an id."""
        self.base = base
        self.whole: NodeId | None = base  # the array with all parts, where there is such a node
        self.parts: dict[Key, NodeId] = {}
        self._pattern: Pattern | None = None  # that of all keys; None where they differ
        self._has_rows = False  # whether all keys start with an integer
        self._by_row: dict[int, list[Key]] = {}  # keys that start with an integer, by that

    def write(self, builder: Owner, key: Key, value: NodeId) -> None:
        """A part has been written.

        Arguments:
            builder: of the array.
            key: which elements.
            value: the id of what was written.
        """
        if self.whole is not None and len(self.parts) > FEW and key not in self.parts:
            self.restart(self.whole)  # what a node was made of already is not put once more
        if key in self.parts or pattern_of(key) == self._pattern:
            self._add(key, value)
            return
        met = self._met(key)
        around = [k for k in met or () if covers(k, key)]
        if around and not covers(key, around[0]):
            inside = relative(around[0], key, self.type.shape)
            self._add(around[0], with_parts(builder, self.parts[around[0]], {inside: value}))
        elif met is not None and all([covers(key, k) for k in met]):
            for other in met:
                self._drop(other)
            self._add(key, value)
        else:
            self.restart(self.flushed(builder))
            self._add(key, value)

    def _add(self, key: Key, value: NodeId) -> None:
        if key not in self.parts:
            pattern, is_of_row = pattern_of(key), bool(key) and not isinstance(key[0], Slice)
            self._pattern = pattern if not self.parts or pattern == self._pattern else None
            self._has_rows = is_of_row and (self._has_rows or not self.parts)
            if is_of_row:
                self._by_row.setdefault(int(key[0]), []).append(key)  # type: ignore[arg-type]
        self.parts[key] = value
        self.whole = None

    def _drop(self, key: Key) -> None:
        del self.parts[key]
        if key and not isinstance(key[0], Slice):
            self._by_row[int(key[0])].remove(key)

    def flushed(self, builder: Owner) -> NodeId:
        """The id of the whole array."""
        if self.whole is None:
            self.whole = with_parts(builder, self.base, self.parts)
        return self.whole

    def read(self, builder: Owner, key: Key) -> NodeId:
        """The id of the elements of a key."""
        found = self.parts.get(key)
        if found is not None:
            return found
        parts = self._met(key)
        if parts is None:
            return indexed(builder, self.flushed(builder), self.type, key)
        if not parts:
            return indexed(builder, self.base, self.type, key)
        if len(parts) == 1 and covers(parts[0], key):
            value = self.parts[parts[0]]
            return indexed(builder, value, builder.types[value], relative(parts[0], key, self.type.shape))
        if self.whole is not None:
            return indexed(builder, self.whole, self.type, key)
        return self._window(builder, key, parts)

    def _met(self, key: Key) -> list[Key] | None:
        """The parts that share elements with a key; None where it would take long to find out."""
        if not self.parts or pattern_of(key) == self._pattern:
            return []
        candidates: Iterable[Key] = self.parts
        if self._has_rows and key:
            rows = span(key[0])
            if len(rows) > max(FEW, len(self._by_row)):
                return None
            candidates = [k for row in rows for k in self._by_row.get(row, ())]
        elif len(self.parts) > FEW:
            return None
        return [k for k in candidates if not disjoint(k, key)]

    def _window(self, builder: Owner, key: Key, parts: list[Key]) -> NodeId:
        """The elements of a key, where parts of them have been written: those are put into the older ones."""
        seen = [seen_in(key, part, self.type.shape) for part in parts]
        type = basic_index.infer(self.type, key=key)
        if any([part is None for part in seen]) or type.size * FEW > self.type.size:  # type: ignore[attr-defined]
            return indexed(builder, self.flushed(builder), self.type, key)
        older, values, targets = indexed(builder, self.base, self.type, key), [], []
        for part, where in zip(parts, seen, strict=True):
            assert where is not None
            value = self.parts[part]
            values.append(indexed(builder, value, builder.types[value], where.source))
            targets.append(where.target)
        return append(builder, put_parts, (older, *values), type, keys=tuple(targets))


def indexed(builder: Owner, i: NodeId, type: Any, key: Key) -> NodeId:
    """The id of the elements of a basic key.

    Arguments:
        builder: takes the node.
        i: the id of the array.
        type: its type.
        key: which elements.
    """
    if not key:
        return i
    return append(builder, basic_index, (i,), basic_index.infer(type, key=key), key=key)


def with_parts(builder: Owner, i: NodeId, parts: Mapping[Key, NodeId]) -> NodeId:
    """The id of an array with new parts; where `y[key] += x` made each of them, of an array that was added to.

    Arguments:
        builder: takes the node.
        i: the id of the array.
        parts: the id of each part by its key; they share no element.
    """
    found = [added(builder, i, key, value) for key, value in parts.items()]
    terms = [term for term in found if term is not None]
    op, values = (add_parts, terms) if len(terms) == len(parts) else (put_parts, [*parts.values()])
    return append(builder, op, (i, *values), builder.types[i], keys=tuple(parts))


def added(builder: Owner, i: NodeId, key: Key, value: NodeId) -> NodeId | None:
    """The id of what has been added to a part of an array to make a value; None where that was made in another way.

    Arguments:
        builder: has the nodes.
        i: the id of the array.
        key: the part.
        value: the id of the value.
    """
    node = builder.nodes[value]
    if node is None or node.op is not add:
        return None
    part, term = node.inputs
    read = builder.nodes[part]
    is_of_part = read is not None and read.op is basic_index and read.inputs == (i,) and read.param("key") == key
    return term if is_of_part and builder.types[term] == node.type else None


def append(builder: Owner, op: Op, ids: tuple[NodeId, ...], type: Any, **params: Any) -> NodeId:
    """The id of a new node, also while nodes of this builder go to another one.

    Arguments:
        builder: takes the node.
        op: its op.
        ids: of its operands.
        type: of its value.
        params: its parameters.
    """
    return builder.append(Node(op, ids, Params.of(**params), type, builder.line())).id  # type: ignore[no-any-return]
