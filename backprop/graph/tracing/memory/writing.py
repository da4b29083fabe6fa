"""Writing to a Var: the whole array, by a key, and by an operator such as `+=`.

What is written goes up from view to view, to the Var that is no view; see `handles`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .... import ops
from ....errors import AssignmentError, GraphTypeError, ShapeError
from ....ops.arrays.arguments import holds_traced
from ....ops.arrays.indexing.items import basic_index
from ....ops.arrays.indexing.keys import Key, Selection, selection
from ....ops.arrays.indexing.overlaps import composed
from ....ops.arrays.indexing.parts import put_parts
from ....ops.arrays.views import broadcast_to, reshape
from ....ops.core.types import ArrayType, value_type
from ....ops.elementwise.conversion import cast
from ...graph import NUMBERS, NodeId
from ...params import Params
from ..boundary.elements import does_not_fit
from ..source_lines import user_line
from ..steering import TracedValue
from .handles import origin_of, place_of, refuse_elsewhere, viewed
from .putting import put, put_at
from .writes import append


def in_place(operator: Any) -> Any:
    """The operator that writes to its left operand, as `+=`, of one that does not, as `+`."""

    def method(self: Any, other: Any) -> Any:
        result = operator(self, other)
        if result is NotImplemented or not isinstance(self.type, ArrayType):
            return result  # numbers do not change: Python binds the name anew
        return write(self, result)

    return method


def write(var: Any, result: Any) -> Any:
    """Write a value of the shape of an array into it, by NumPy's rule "same_kind".

    Arguments:
        var: the Var that is written to.
        result: the Var of the value.
    Returns:
        the same Var.
    Errors:
        ShapeError, GraphTypeError: a value that does not fit.
        AssignmentError: the array cannot be written to.
    """
    put(var, own_id(var, fitted(result, var)))
    return var


def assign(var: Any, key: Any, value: Any) -> None:
    """var[key] = value.

    Arguments:
        var: the array.
        key: which elements, as the user wrote it.
        value: what they become; it broadcasts to them.
    Errors:
        IndexError, ShapeError, GraphTypeError: a key or a value that does not fit.
        AssignmentError: the array cannot be written to.
    """
    refuse_elsewhere(var)
    chosen = selection(var.shape, key)
    _refuse_sequence(chosen, key, value)
    if chosen.arrays or chosen.shape != var.shape:
        set_item = ops.at_set(var, key, part_of(var, value, None))
        put(var, set_item.id)
        return
    root, at = place_of(var)
    if at is None:
        part = part_of(var, value, basic_index.infer(var.type, key=chosen.key).shape)  # type: ignore[attr-defined]
        put(var, append(var.builder, put_parts, (var.id, part.id), var.type, keys=(chosen.key,)))
        return
    key = composed(at, chosen.key, root.type.shape)
    if not _is_at(value, root, key):
        put_at(root, key, part_of(var, value, basic_index.infer(root.type, key=key).shape).id)  # type: ignore[attr-defined]


def _refuse_sequence(chosen: Selection, key: Any, value: Any) -> None:
    """Refuse an array for one number, as NumPy does since 2.4; after an Ellipsis it is taken for one of no axes.

    Errors:
        ShapeError: one.
    """
    is_number = len(chosen.key) == len(chosen.shape) and all(isinstance(item, int) for item in chosen.key)
    if not is_number or any(part is Ellipsis for part in (key if isinstance(key, tuple) else (key,))):
        return
    if shape := ops.asarray(value).shape:
        raise ShapeError(
            f"an array of shape {shape} was assigned to one number",
            user_line(),
            "assign its element, as in v[0] = x[0]",
        )


def _is_at(value: Any, root: Any, key: Key) -> bool:
    """Whether a value is the view of these very elements, as Python stores it in `y[k] += x`."""
    if not isinstance(value, TracedValue) or origin_of(value) is None:
        return False
    other, at = place_of(value)
    return other is root and at == key


def own_id(var: Any, value: Any) -> NodeId:
    """The id of a value in the builder of a Var.

    Errors:
        AssignmentError: it belongs to a function that is traced inside.
    """
    other = getattr(value, "builder", var.builder)
    if other is not var.builder and other.born > var.builder.born:
        raise AssignmentError(
            "an array of an outer function was written to inside of a function that is traced by itself",
            user_line(),
            "return the new value from the inner function",
        )
    return var.builder.lift(value).id  # type: ignore[no-any-return]


def _as_numpy_assigns(value: Any, dtype: np.dtype[Any]) -> Any:
    """Numbers of Python's as they are assigned to elements of an array."""
    try:
        return np.asarray(value, dtype)[()]
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphTypeError(
            f"{value!r} cannot be assigned to elements of dtype {dtype}: {error}",
            user_line(),
            "convert it first, or make the array of another dtype",
        ) from error


def part_of(var: Any, value: Any, shape: tuple[int, ...] | None) -> Any:
    """A value as it is assigned to items of a Var: of the Var's dtype, and of a shape where one is given.

    Arguments:
        var: the array that is assigned to.
        value: the value.
        shape: of the elements that are assigned to; None where it may be any.
    """
    dtype = var.dtype
    if isinstance(value, np.generic):
        value = value.astype(dtype, casting="unsafe")
    elif isinstance(value, (*NUMBERS, list, tuple)) and not holds_traced(value):
        value = _as_numpy_assigns(value, dtype)
    value = var.builder.var(own_id(var, ops.asarray(value)))
    if value.type != value_type(value.shape, dtype):
        value = cast(value, dtype=dtype.name)
    if shape is not None and value.shape != shape:
        extra = len(value.shape) - len(shape)
        value = reshape(value, value.shape[extra:]) if extra > 0 and set(value.shape[:extra]) == {1} else value
        value = broadcast_to(value, shape)
    return value


def fitted(result: Any, target: Any) -> Any:
    """A result as it is written into an array: of its shape, and cast to its dtype.

    Errors:
        ShapeError: another shape.
        GraphTypeError: a dtype that cannot be cast to the array's, by NumPy's rule "same_kind".
    """
    if result.shape != target.shape:
        raise does_not_fit(result, target)
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise GraphTypeError(
            f"a value of dtype {result.dtype} cannot be written into an array of dtype {target.dtype}",
            user_line(),
            "write v = v + x instead of v += x, or cast with .astype(...)",
        )
    return result if result.dtype == target.dtype else cast(result, dtype=target.dtype.name)


def read(var: Any, key: Any) -> Any:
    """var[key]; where parts of the array have been written since, from these parts."""
    memory = var.memory
    if memory is None or memory.writes is None or var.builder.inner is not None or var.builder.closed:
        return ops.getitem(var, key)
    chosen = selection(var.shape, key)
    if chosen.arrays or chosen.shape != var.shape or not chosen.key:
        return ops.getitem(var, key)
    found = var.builder.var(memory.writes.read(var.builder, chosen.key))
    viewed(var, basic_index, Params.of(key=chosen.key), found)
    return found
