"""A new value for a Var in memory: it goes up from view to view, to the Var that is no view; see `handles`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from .... import ops
from ....errors import AssignmentError
from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Key
from ....ops.arrays.indexing.parts import put_parts
from ....ops.arrays.views import inverse, permute, reshape_to
from ....ops.core.op import Op
from ....ops.elementwise.complex_parts import imag, real
from ....ops.elementwise.conversion import cast
from ...graph import NodeId
from ..source_lines import user_line
from .handles import Origin, forget_id, forget_views, memory_of, place_of, refuse_elsewhere, refuse_lent
from .layout import is_view
from .writes import Writes, append


def put_at(root: Any, key: Key, value: NodeId) -> None:
    """Write a value to the items of a key of a Var that is no view.

    Arguments:
        root: the Var.
        key: which elements.
        value: the id of what is written.
    """
    if not key:
        put(root, value)
        return
    refuse_elsewhere(root)
    refuse_lent(root)
    _settle(root)
    memory = memory_of(root)
    if memory.writes is None:
        memory.writes = Writes(root.id, root.type)
    memory.writes.write(root.builder, key, value)
    forget_id(root)
    forget_views(root)


def put(var: Any, value: NodeId) -> None:
    """Write a whole value to a Var, and to what it is a view of."""
    refuse_elsewhere(var)
    if var.memory is None or var.memory.origin is None:
        _put_whole(var, value)
        return
    origin: Origin = var.memory.origin
    root, key = place_of(var)
    refuse_lent(root)
    if root.builder is not var.builder:
        raise _of_outer_view(root)
    if key is not None:
        put_at(root, key, value)
    elif _shares(var):
        put(origin.parent, _turned_back(origin, value))
    else:
        _part_with(var)
        put(var, value)
        return
    var.id = value
    memory_of(origin.parent if key is None else root).add(var)


def _put_whole(var: Any, value: NodeId) -> None:
    """Write a whole value to a Var that is no view."""
    memory = var.memory
    if memory is not None:
        refuse_lent(var)
        _settle(var)
        forget_views(var)
        if memory.writes is not None:
            memory.writes.restart(value)
    var.id = value


def _turned_back(origin: Origin, value: NodeId) -> NodeId:
    """The value of what a view was made of, from that of the view, whose elements are the same in another order."""
    if origin.op not in INVERSES:
        raise AssignmentError(
            "an array was written to that is read-only, as NumPy's is that repeats elements, or is a diagonal",
            user_line(),
            "write to a copy, v.copy(), or to the array itself",
        )
    return INVERSES[origin.op](origin, value)


def _of_outer_view(root: Any) -> AssignmentError:
    """What to raise where a view of an array of an outer function is written to."""
    refuse_elsewhere(root)
    return AssignmentError(
        "a view of an array of an outer function was written to inside of a function that is traced by itself",
        user_line(),
        "write to a copy, v.copy(), and return the new value",
    )


def _part_with(view: Any) -> None:
    """Let what looked like a view be an array of its own, a copy in C order, with the views of it."""
    memory = memory_of(view)
    parent = memory_of(memory.origin.parent)  # type: ignore[union-attr]
    parent.views = [ref for ref in parent.views if ref() is not view]
    memory.origin = memory.born = None


def _shares(var: Any) -> bool:
    """Whether a view shares memory with what it was made of, as a reshaped array may or may not."""
    memory = var.memory
    if memory.origin.op is reshape_to and not memory.is_certain:
        memory.is_certain = is_view(var)
        return bool(memory.is_certain)
    return True


def _settle(var: Any) -> None:
    """Views of an array that is to be written to which are copies in NumPy become Vars of their own."""
    memory: Any = var.memory
    for ref in [] if memory is None else list(memory.views):
        view = ref()
        if view is not None and view.memory is not None:
            if _shares(view):
                _settle(view)
            else:
                _part_with(view)


# From the value of a view to that of what it is a view of.


def _of_key(origin: Origin, value: NodeId) -> NodeId:
    parent = origin.parent
    return append(parent.builder, put_parts, (parent.id, value), parent.type, keys=(origin.params.get("key"),))


def _of_reshape(origin: Origin, value: NodeId) -> NodeId:
    parent = origin.parent
    return append(parent.builder, reshape_to, (value,), parent.type, shape=parent.shape)


def _of_transpose(origin: Origin, value: NodeId) -> NodeId:
    parent = origin.parent
    return append(parent.builder, permute, (value,), parent.type, axes=inverse(origin.params.get("axes")))


def _of_real_part(origin: Origin, value: NodeId) -> NodeId:
    parent = origin.parent
    part = parent.builder.var(value)
    return cast(part + 1j * ops.imag(parent), dtype=parent.dtype.name).id if parent.dtype.kind == "c" else value


def _of_imaginary_part(origin: Origin, value: NodeId) -> NodeId:
    parent = origin.parent
    return cast(ops.real(parent) + 1j * parent.builder.var(value), dtype=parent.dtype.name).id  # type: ignore[no-any-return]


INVERSES: Mapping[Op, Callable[[Origin, NodeId], NodeId]] = MappingProxyType(
    {
        basic_index: _of_key,
        reshape_to: _of_reshape,
        permute: _of_transpose,
        real: _of_real_part,
        imag: _of_imaginary_part,
    }
)
