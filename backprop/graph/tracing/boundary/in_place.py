"""Writes in place: `v += x` takes effect for all who hold what is written, or it is an error.

A Var is a handle on a value. `v += x` lets the handle stand for a new value, so that whoever holds the same Var, a
caller or a list, sees the write. What holds another Var of the same memory would not see it: a view, or what it is a
view of. Each builder knows the views of its values, and the write is an error while another one of them is alive.

`b += x` on a plain array calls the ufunc with `out=(b,)`, and Python binds the result to the name that was written to.
Where something else holds b too, such as the caller of a helper function, it would keep the old numbers. The number of
references to b tells, less those that open traces have: a name, an item of a list or an attribute, and what NumPy
holds meanwhile, which is measured once when this module is imported.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from ....errors import AssignmentError, GraphTypeError, ShapeError
from ....ops.core.types import ArrayType
from ....ops.elementwise.conversion import cast
from ...graph import NodeId
from ..source_lines import user_line

INSTEAD = "write v = backprop.ops.at_set(v, key, value) on the whole array, or write to a copy, v.copy()"


# Plain arrays.


class _Probe:
    """Stands in for a Var, to count the references to an array that is written to by an operator."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> int:
        return references_of(params["out"][0])


def references_of(array: Any) -> int:
    """The references to an array, counted in one way by the probe and by `refuse_if_shared`."""
    return sys.getrefcount(array)


def _measured() -> int:
    """The references to an array that one name alone holds, while `+=` is at it."""
    array: Any = np.zeros(1)
    array += _Probe()
    return int(array)


def _measured_base() -> int:
    """The references to an array that nothing holds but one view of it, and the name by which it is asked."""
    view = np.zeros(2)[:1]
    base = view.base
    return references_of(base)


ALONE = _measured()
BASE_ALONE = _measured_base()


def refuse_if_shared(count: int, held: int, array: Any) -> None:
    """Raise where an array that `+=` is to bind anew is held by something else too.

    Arguments:
        count: the references to it, counted where NumPy called.
        held: how many of them the open trace has.
        array: the array.
    Errors:
        AssignmentError: another name, the caller of a helper function, or a view would miss the write.
    """
    base = array.base
    if count - held > ALONE or (base is not None and references_of(base) > BASE_ALONE):
        raise AssignmentError(
            "a traced value was written into a plain array that something else holds too: a caller, another name or a"
            " view, which would not see it",
            user_line(),
            "return the new array from the function instead, make the array by numpy.zeros_like(x, shape=n), or write"
            " b = backprop.ops.at_add(b, ..., value)",
        )


# Vars.

Handle = tuple["weakref.ref[Any]", NodeId]


class Handles:
    """The Vars that share the memory of one value, as far as they are alive, with the ids that they had."""

    __slots__ = ("_by_ref", "_most")

    def __init__(self) -> None:
        self._by_ref: dict[int, Handle] = {}  # by the identity of the reference, as Vars compare by emitting a node
        self._most = 64  # handles from which the dead are looked for

    def add(self, var: Any, is_known: bool = False) -> None:
        """A Var as it is now; one that may be known already stays as it was then."""
        ref = weakref.ref(var)  # the same for each call
        if not (is_known and id(ref) in self._by_ref):
            self._by_ref[id(ref)] = ref, var.id
        if len(self._by_ref) > self._most:
            self._by_ref = {key: handle for key, handle in self._by_ref.items() if handle[0]() is not None}
            self._most = max(64, 2 * len(self._by_ref))

    def all(self) -> Iterable[Handle]:
        """The handles."""
        return self._by_ref.values()


class Views:
    """Which Vars of a builder share memory: the handles on each value that has views, and on its views."""

    __slots__ = ("_handles", "_roots")

    def __init__(self) -> None:
        self._roots: dict[NodeId, NodeId] = {}
        self._handles: dict[NodeId, Handles] = {}

    def add(self, base: Any, at: NodeId, view: Any) -> None:
        """A Var that is a view of another one, whose id in the builder is `at`, unless that is a number or no Var."""
        if not isinstance(getattr(base, "type", None), ArrayType):
            return
        root = self._roots.get(at, at)
        self._roots[view.id] = root
        handles = self._handles.get(root)
        if handles is None:
            handles = self._handles[root] = Handles()
        handles.add(base, is_known=root != at)
        handles.add(view)

    def shared(self, var: Any) -> bool:
        """Whether another Var that is still alive shares memory with one."""
        own: NodeId = var.id
        root = self._roots.get(own, own)
        for ref, at in self._handles[root].all() if root in self._handles else ():
            other = ref()
            if other is not None and other is not var and other.id == at:
                return True
        return False


def in_place(operator: Any) -> Any:
    """The operator that writes to its left operand, as `+=`, of one that does not, as `+`."""

    def method(self: Any, other: Any) -> Any:
        result = operator(self, other)
        if result is NotImplemented or not isinstance(self.type, ArrayType):
            return result  # numbers do not change: Python binds the name anew
        return write(self, result)

    return method


def write(var: Any, result: Any) -> Any:
    """Let a Var stand for a new value.

    Arguments:
        var: the Var that is written to.
        result: the Var of the value.
    Returns:
        the same Var.
    Errors:
        ShapeError, GraphTypeError: a value that does not fit.
        AssignmentError: something else would not see the write.
    """
    fitting = fitted(result, var)
    if result.builder is not var.builder:
        raise AssignmentError(
            "an array of an outer function was written to inside of a function that is traced by itself",
            user_line(),
            "return the new value from the inner function",
        )
    if var.builder.views.shared(var):
        raise AssignmentError(
            "an array was written to that shares its memory with another one, as a view does, which would not see it",
            user_line(),
            INSTEAD,
        )
    var.id = fitting.id
    return var


def fitted(result: Any, target: Any) -> Any:
    """A result as it is written into an array: of its shape, and cast to its dtype.

    Errors:
        ShapeError: another shape.
        GraphTypeError: a dtype that cannot be cast to the array's, by NumPy's rule "same_kind".
    """
    if result.shape != target.shape:
        raise ShapeError(
            f"a value of shape {result.shape} does not fit into an array of shape {target.shape}, which is written to",
            user_line(),
            "write v = v + x instead of v += x",
        )
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise GraphTypeError(
            f"a value of dtype {result.dtype} cannot be written into an array of dtype {target.dtype}",
            user_line(),
            "write v = v + x instead of v += x, or cast with .astype(...)",
        )
    return result if result.dtype == target.dtype else cast(result, dtype=target.dtype.name)


def copied(var: Any) -> Any:
    """A Var of its own for the same value: what is written to it does not change the other one."""
    return cast(var, dtype=var.dtype.name) if isinstance(var.type, ArrayType) else var
