"""Handles: a Var stands for an array in memory, whose value changes; views know what they are views of.

A Var has an id, the node of its value now. A write changes the id of what is written to, and takes away those of the
views that share its memory, and of what it is a view of; they find their values again when they are asked for their
ids (functionalisation, as PyTorch calls it). So a Var that is not written to costs nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ....errors import AssignmentError
from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Key
from ....ops.arrays.indexing.overlaps import composed
from ....ops.core.op import Op
from ....ops.core.types import ArrayType
from ...graph import Node, NodeId
from ...params import Params
from ..source_lines import user_line
from ..steering import TracedValue, escaped
from .writes import Writes

SLOT: Any = TracedValue.__dict__["id"]
"""The id of a Var as it is, which is not there while it has to be found again."""


class Origin(NamedTuple):
    """How a view was made.

    Arguments:
        parent: what it is a view of.
        op, params: by what.
    """

    parent: Any
    op: Op
    params: Params


class Memory:
    """What a Var shares memory with.

    Arguments:
        origin: how it was made, where it is a view.
    """

    __slots__ = ("_most", "born", "is_certain", "lent", "origin", "views", "writes")

    def __init__(self, born: NodeId, origin: Origin | None = None) -> None:
        self.origin = origin
        self.born: NodeId | None = born  # its first id; None where it is a copy that reshape made, in C order
        self.is_certain = False  # whether a reshaped array is known to be a view
        self.views: list[weakref.ref[Any]] = []  # of it, as far as they have an id
        self._most = 64  # views from which the dead are looked for
        self.writes: Writes | None = None  # to it, where it is no view
        self.lent: list[weakref.ref[Any]] = []  # arrays of its elements that NumPy made, where it is no view

    def add(self, view: Any) -> None:
        """A view that has an id."""
        self.views.append(weakref.ref(view))
        if len(self.views) > self._most:
            self.views = [ref for ref in self.views if ref() is not None]
            self._most = max(64, 2 * len(self.views))


def memory_of(var: Any) -> Memory:
    """The memory of a Var."""
    if var.memory is None:
        var.memory = Memory(var.id)
    return var.memory  # type: ignore[no-any-return]


def known_id(var: Any) -> NodeId | None:
    """The id of a Var; None where it has been written to, and its value has not been asked for since."""
    try:
        return SLOT.__get__(var)  # type: ignore[no-any-return]
    except AttributeError:
        return None


def viewed(parent: Any, op: Op, params: Params, view: Any) -> None:
    """A Var is a view of another one: where both are arrays, they are known to share memory.

    Arguments:
        parent: what it is a view of.
        op: what it was made by.
        params: the parameters of that.
        view: the view.
    """
    if type(view.type) is ArrayType and type(getattr(parent, "type", None)) is ArrayType:
        view.memory = Memory(view.id, Origin(parent, op, params))
        if parent.builder is view.builder:
            memory_of(parent).add(view)


def origin_of(var: Any) -> Origin | None:
    """How a Var was made, where it is a view."""
    return None if var.memory is None else var.memory.origin


def place_of(var: Any) -> tuple[Any, Key | None]:
    """The Var at the end of all parents, which is no view, and the key of its elements there, if there is one."""
    key: Key | None = ()
    origin = origin_of(var)
    while origin is not None:
        var = origin.parent
        known = key is not None and origin.op is basic_index
        key = composed(origin.params.get("key"), key or (), var.type.shape) if known else None
        origin = origin_of(var)
    return var, key


def found_again(var: Any) -> NodeId:
    """The id of a Var that has been written to, or is a view of what was."""
    builder = var.builder
    if builder.closed:
        raise escaped("an op")
    origin: Origin | None = var.memory.origin
    root, key = place_of(var)
    writes: Writes | None = memory_of(root).writes
    if origin is None and writes is not None:
        var.id = writes.flushed(builder)
    elif key is not None and writes is not None:
        var.id = writes.read(builder, key)
        memory_of(root).add(var)  # as its parent may have lost its own id
    elif origin is not None:
        node = Node(origin.op, (origin.parent.id,), origin.params, var.type, builder.line())
        var.id = builder.append(node).id
        memory_of(origin.parent).add(var)
    return var.id  # type: ignore[no-any-return]


def forget_views(var: Any) -> None:
    """The views of a Var that is written to lose their ids, and so do their views."""
    memory = var.memory
    if memory is None or not memory.views:
        return
    views, memory.views = memory.views, []
    for ref in views:
        view = ref()
        if view is not None and view.memory is not None and known_id(view) is not None:
            forget_id(view)
            forget_views(view)


def forget_id(var: Any) -> None:
    """Take away the id of a Var, whose value has changed."""
    if known_id(var) is not None:
        SLOT.__delete__(var)


def refuse_elsewhere(var: Any) -> None:
    """Raise where a Var is written to in another function than its own, which is traced by itself, or too late.

    Errors:
        AssignmentError, EscapedVarError.
    """
    if var.builder.closed:
        raise escaped("a write")
    if var.builder.inner is not None:
        raise AssignmentError(
            "an array of an outer function was written to inside of a function that is traced by itself",
            user_line(),
            "return the new value from the inner function",
        )


def lend(var: Any, elements: Any) -> Any:
    """An array of objects with the elements of a Var, as what it shares memory with: it cannot be written to.

    Arguments:
        var: the Var, an array.
        elements: the array.
    """
    elements.flags.writeable = False
    memory = memory_of(place_of(var)[0])
    memory.lent = [ref for ref in memory.lent if ref() is not None]
    memory.lent.append(weakref.ref(elements))
    return elements


def refuse_lent(root: Any) -> None:
    """Raise where a Var is written to of which somebody holds an array of elements as they were.

    Errors:
        AssignmentError.
    """
    memory = root.memory
    if memory is not None and any([ref() is not None for ref in memory.lent]):
        raise AssignmentError(
            "an array was written to that numpy.asarray or its like has taken apart, in an array that would not see it",
            user_line(),
            "leave numpy.asarray out, as a traced array is an array, or take a copy by numpy.array",
        )


def written(variables: Sequence[Any]) -> list[int]:
    """Which of the first Vars of a builder, its inputs, have been written to."""
    return [k for k, var in enumerate(variables) if known_id(var) != k]


def copied(var: Any) -> Any:
    """A Var of its own for the same value: what is written to it does not change the other one."""
    return type(var)(var.builder, var.id, var.type)


def detached(value: Any, is_argument: Callable[[Any], bool]) -> Any:
    """What a function returned that gives arrays of their own in NumPy: Vars that share memory with nothing.

    Arguments:
        value: what it returned here, maybe a tuple or a list.
        is_argument: whether a Var is one of its arguments.
    """
    if type(value) in (tuple, list):
        return type(value)([detached(part, is_argument) for part in value])
    if isinstance(value, TracedValue) and (value.memory is not None or is_argument(value)):
        return copied(value)
    return value
