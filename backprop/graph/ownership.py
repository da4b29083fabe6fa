"""Whose memory an array is: every decision to copy an array, to hand one on, or to lock one is made here.

The rules, which tests/test_ownership.py checks together:

* the arrays that a user passes in, or that a function captures, are the user's: they are read and never written, and
  what is kept beyond the call is a copy, or they are locked for as long as a trace needs them;
* the arrays that a user gets are theirs alone: they share memory neither with arguments nor with each other, nor with
  constants, nor with anything that stays in use;
* arrays of a program (an arena, constants, what is kept for the next run) are the program's, and never leave it;
* a function of the user's, such as one that an op is made of, gets arrays of its own, to do with as it likes.

The words: an array is *owned* by the object that frees its memory (the last `base`); two arrays *share* where their
memory may overlap; an array is *alone* where it owns its memory, can be written to, and is nobody else's.

What may live here: questions about arrays, copies of arrays, and questions about which values of a graph share memory.
What may not: layouts of programs, types, and anything that runs a graph.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..ops.arrays.tuples import make_tuple
from ..ops.core.op import Kind
from .graph import Graph, NodeId, literal

Array: TypeAlias = "np.ndarray[Any, Any]"


def is_array(value: Any) -> bool:
    """Whether a value is an array, asked of its true class: a Var may stand in for one."""
    return issubclass(type(value), np.ndarray)


# Whose it is.


def owners(value: Any) -> Iterator[Any]:
    """What owns the memory of a value: of a view its last base, of a tuple what owns that of its items."""
    if type(value) is tuple:
        for part in value:
            yield from owners(part)
    else:
        while is_array(value) and value.base is not None:
            value = value.base
        yield value


def owned_by(values: Sequence[Any]) -> set[int]:
    """The identities of what owns the memory of some values, for as long as these are kept."""
    found: set[int] = set()
    for value in values:
        if type(value) is np.ndarray and value.base is None:  # as most are
            found.add(id(value))
        else:
            found.update(map(id, owners(value)))
    return found


def shares(value: Any, others: Sequence[Any]) -> bool:
    """Whether an array may share memory with one of others."""
    return is_array(value) and any(is_array(other) and np.may_share_memory(value, other) for other in others)


def is_alone(array: Array, taken: Container[int] = ()) -> bool:
    """Whether an array owns its memory, can be written to, and is none of those whose identities are taken."""
    return array.base is None and array.flags.writeable and id(array) not in taken


def is_writable(array: Array) -> bool:
    """Whether an array, or one whose memory it shares, can be written to, now or when open traces have ended."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable or LOCKS.holds(owner):
            return True
        owner = owner.base
    return False


# Copies.


def copied(value: Any) -> Any:
    """A C-contiguous copy of an array, and any other value itself."""
    return value.copy() if is_array(value) else value


def frozen(array: Array) -> Array:
    """A read-only copy of an array, in its layout."""
    copy = array.copy(order="K")
    copy.setflags(write=False)
    return copy


def contiguous(value: Any) -> Any:
    """The value itself, or its C-contiguous copy where it is an array of another layout; in tuples, item by item."""
    if type(value) is tuple:
        return tuple([contiguous(part) for part in value])
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        return value.copy("C")
    return value


def alone(value: Any, taken: Container[int] = ()) -> Any:
    """The value itself, or its copy where it is an array that is not alone."""
    return value if not is_array(value) or is_alone(value, taken) else value.copy()


def apart(values: Sequence[Any], in_use: Sequence[Any]) -> list[Any]:
    """Values as they are handed out: arrays share memory neither with each other nor with values that stay in use."""
    taken = owned_by(in_use)
    results = []
    for value in values:
        results.append(alone(value, taken))
        taken.add(id(results[-1]))
    return results


def unshared(value: Any, operands: Sequence[Any]) -> Any:
    """The value, or its copy where it may share memory with an operand; in tuples, item by item."""
    if type(value) is tuple:
        return tuple([unshared(part, operands) for part in value])
    return value.copy() if shares(value, operands) else value


def kept(value: Any, users: Container[int]) -> Any:
    """What is kept beyond a call: the value, or a read-only copy where it is an array that the user can write to.

    Arguments:
        value: any value.
        users: the identities of what owns the memory of the user's arrays.
    """
    if is_array(value) and is_writable(value) and any(id(owner) in users for owner in owners(value)):
        return frozen(value)
    return value


# The user's arrays, for as long as a trace is open.


class Locks:
    """How many open traces hold each array read-only: it becomes writable again when the last one releases it.

    An array is known by its identity for as long as it is held, and is kept alive for as long. A thread may come here
    again in the middle of a change, where the garbage collector ends something whose end traces a function: each change
    is right whatever holds and releases come between two of its steps.
    """

    __slots__ = ("_held", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[int, tuple[Array, list[None]]] = {}  # with an item for each trace

    def hold(self, array: Array) -> bool:
        """Make an array read-only; False where it is so for another reason, and nothing is to be released."""
        with self._lock:
            held = self._held.get(id(array))
            if held is None and not array.flags.writeable:
                return False
            held = held or (array, [])
            held[1].append(None)
            self._held[id(array)] = held  # again, where it was released meanwhile
            array.setflags(write=False)
            return True

    def release(self, array: Array) -> None:
        """Undo one `hold`."""
        with self._lock:
            _, traces = self._held[id(array)]
            traces.pop()
            if not traces:
                self._held.pop(id(array), None)
                array.setflags(write=True)

    def holds(self, array: Array) -> bool:
        """Whether an array is read-only only for as long as a trace is open."""
        return id(array) in self._held


LOCKS = Locks()
"""Those of this process: traces in several threads may take in the same array."""


# A program's arrays, from one run to the next.


def _references(values: list[Any], k: int) -> int:
    value = values[k]
    return sys.getrefcount(value)


_ONLY_HERE = _references([object()], 0) if getattr(sys, "_is_gil_enabled", lambda: True)() else 0
"""How many references there are to what only a list refers to; 0, which there never are, where nobody can tell."""


def is_given_back(values: list[Any], k: int) -> bool:
    """Whether nobody but a list refers to one of its arrays any more, so that its memory can be used again."""
    return _references(values, k) <= _ONLY_HERE and values[k].flags.writeable


def is_used_up(values: list[Any], k: int) -> bool:
    """Whether an array is referred to by a list alone, and owns its memory, so that a result may be written to it."""
    return is_given_back(values, k) and values[k].base is None


# Of a graph, before anything runs.


def bases(graph: Graph) -> list[tuple[NodeId, ...]]:
    """For each id, the ids whose memory its value may share: itself, or for a view those of its operands."""
    found: list[tuple[NodeId, ...]] = [(i,) for i in range(graph.first)]
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is not Kind.VIEW:
            found.append((i,))
        elif node.op is make_tuple:
            found.append(tuple(dict.fromkeys(base for j in node.inputs for base in found[j])))
        else:
            found.append(found[node.inputs[0]] if node.inputs else (i,))
    return found


def escaping(graph: Graph) -> tuple[bool, ...]:
    """For each output, whether it may share memory with an input, a constant or another output.

    Arguments:
        graph: the graph.
    Returns:
        a bool for each output; where it is True, a caller who hands out arrays to keep must copy.
    """
    found = bases(graph)
    counts: dict[NodeId, int] = {}
    for output in graph.outputs:
        for base in found[output]:
            counts[base] = counts.get(base, 0) + 1
    return tuple(
        any(_is_lasting(graph, base) or counts[base] > 1 for base in found[output]) for output in graph.outputs
    )


def separations(graph: Graph) -> tuple[Callable[[Any], Any], ...]:
    """For each output that is an array, what makes it the caller's own.

    Arguments:
        graph: the graph.
    Returns:
        a function of the value for each output: a copy where the graph tells that memory may be shared; else a look at
        the array, as what an op returns may be read-only, as a constant is, or a view in disguise.
    """
    views = [i < graph.first or graph.node(i).op.kind is Kind.VIEW for i in graph.outputs]
    pairs = zip(escaping(graph), views, strict=True)
    return tuple([np.copy if is_escaping or is_view else alone for is_escaping, is_view in pairs])


def _is_lasting(graph: Graph, i: NodeId) -> bool:
    """Whether a value stays in use when a run has ended: an input or a constant."""
    return i < graph.first or graph.node(i).op is literal
